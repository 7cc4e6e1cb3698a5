package rendezvous

import "unsafe"

// query is what a lookup takes from a key: its hash or, for a Scorer, the key.
type query struct {
	hash uint64
	key  string
}

// query returns the query of a caller's key.
func (s *Set[N]) query(key string) query {
	switch {
	case s.fill == nil:
		return query{hash: s.keyHash(key)}
	case s.cfg.Key != nil:
		key = s.cfg.Key(key)
	}
	return query{key: key}
}

// whole returns the query of a key that Config.Key does not apply to.
func (s *Set[N]) whole(key string) query {
	if s.fill != nil {
		return query{key: key}
	}
	return query{hash: s.hash(key)}
}

// Hash returns what [Set.SelectHash] takes for the key: the result of Config.Hash
// for the part of it that Config.Key returns. It is 0 for a nil or zero Set, and for
// one with a Scorer.
func (s *Set[N]) Hash(key string) uint64 {
	if s == nil || s.keyHash == nil || s.fill != nil {
		return 0
	}
	return s.keyHash(key)
}

// SelectHash is [Set.Select] for a key that is hashed already: h is the result of
// Config.Hash, which [Set.Hash] returns. It returns false for a set with a Scorer,
// which scores keys and not hashes.
func (s *Set[N]) SelectHash(h uint64) (n N, ok bool) {
	if s.choices() == 0 || s.fill != nil {
		return n, false
	}
	return s.live[s.best(query{hash: h})], true
}

// SelectBytes is [Set.Select] for a key in a slice, which it does not copy.
func (s *Set[N]) SelectBytes(key []byte) (n N, ok bool) { return s.Select(text(key)) }

// Hash returns what [Table.SelectHash] takes for the key: the result of Config.Hash
// for the part of it that Config.Key returns. It is 0 for a nil or zero Table.
func (t *Table[N]) Hash(key string) uint64 {
	if t == nil || t.set == nil {
		return 0
	}
	return t.set.keyHash(key)
}

// SelectHash is [Table.Select] for a key that is hashed already: h is the result of
// Config.Hash, which [Table.Hash] returns. A Scorer ranks the nodes of a slot, so it
// makes no difference.
func (t *Table[N]) SelectHash(h uint64) (n N, ok bool) { return t.Owner(t.slotOf(h)) }

// SelectBytes is [Table.Select] for a key in a slice, which it does not copy.
func (t *Table[N]) SelectBytes(key []byte) (n N, ok bool) { return t.Select(text(key)) }

// text returns the bytes as a string in the same memory.
func text(key []byte) string { return unsafe.String(unsafe.SliceData(key), len(key)) }
