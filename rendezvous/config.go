package rendezvous

// Config describes the caller's nodes and how they are scored. New calls ID and
// Weight; lookups call the functions of Hash and Scorer, from any goroutine.
type Config[N any] struct {
	// ID returns the ID of a node. It is required; IDs must be non-empty and
	// distinct.
	ID func(N) string

	// Weight returns the weight of a node, from 0 to 1e200. It is relative: a
	// node's share of the keys is its weight over the sum of the weights.
	// Weight 0 drains the node, which then stays in the set and owns no keys.
	// Nil gives every node the same weight.
	Weight func(N) float64

	// Hash hashes keys and IDs. Nil is SipHash-2-4 under the published default
	// key; package prf returns others by name. Its results are finalized, so a
	// weak hash is good enough, but keys with equal hashes have the same owner.
	// Hash must be safe for concurrent use and must not keep the string, whose
	// memory may be reused.
	Hash func(string) uint64

	// HashAll hashes many keys at once, for SelectAll and its like: it sets sums[i] to
	// Hash(keys[i]). Package prf returns it by name, as it does Hash. Nil calls Hash
	// for each key, or is that of the default hash. It must do with its arguments what
	// Hash must.
	HashAll func(sums []uint64, keys []string)

	// Key returns the part of a key that decides its owner, such as the hash tag of
	// package prf. It applies to keys before Hash or the Scorer, and not to IDs.
	// Nil is the whole key. Key must be safe for concurrent use and must not keep
	// the string. New calls it with fixed keys of any length, for the checksum.
	Key func(string) string

	// Scorer replaces the score of this package, to agree with another
	// program. Nil is the score in the package documentation.
	Scorer Scorer
}

// Scorer returns the function that scores every node for a key.
//
// New calls it once, with the IDs of the nodes that are not drained in ascending
// order. It may refuse an ID with a [*NodeError]. The function it returns sets
// scores[i] for ids[i]; the greatest score wins. That function must be safe for
// concurrent use and must not keep the key. New calls it too, with fixed keys,
// for the checksum. Scores should be uniform over all 64 bits, because unequal
// weights apply to them as to the scores of this package.
type Scorer func(ids []string) (func(scores []uint64, key string), error)
