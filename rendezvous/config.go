package rendezvous

// Config says how New names, weighs and scores the caller's nodes. Its
// functions are called by New and, but for ID and Weight, by every lookup.
type Config[N any] struct {
	// ID names a node. It is required; IDs must be non-empty and distinct.
	ID func(N) string

	// Weight is the share of the keys that a node gets, relative to the other
	// nodes, from 0 to 1e200. Zero drains the node: it is known and given
	// nothing. Nil gives every node the same share.
	Weight func(N) float64

	// Hash places the keys and seeds the nodes. Nil is SipHash-2-4 under the
	// published default key; package prf returns others by name. A weak one is
	// finalized, but keys that it maps to one value stay together. It is called
	// by any goroutine, and must not keep the string, which may be on loan.
	Hash func(string) uint64

	// Scorer replaces the formula of this package, to agree with another
	// program. Nil is the formula.
	Scorer Scorer
}

// Scorer prepares the function that scores every node for a key.
//
// It is called once with the IDs of the nodes in ascending order, the drained
// ones left out, and refuses an ID with a *NodeError. The function it returns
// sets scores[i] for ids[i], and the greatest wins; it is called by many
// goroutines at once, by New with keys of the package's own for the checksum,
// and must not keep the key. Scores should spread over all 64 bits, because
// unequal weights are applied to them as to the package's own.
type Scorer func(ids []string) (func(scores []uint64, key string), error)
