package rendezvous

import "slices"

// SelectN appends the n best nodes for the key to dst, best first and each at
// most once, and returns the extended slice. It appends fewer if fewer are not
// drained. The result for n is a prefix of that for n+1, so replicas keep their
// places when their number grows. It allocates at most once, to grow dst.
//
// Reads of a hot key may be spread over its first n nodes, if each write goes to
// all of them.
func (s *Set[N]) SelectN(dst []N, key string, n int) []N {
	if n = min(n, s.choices()); n <= 0 {
		return dst
	}
	return s.appendBest(dst, s.query(key), n)
}

// appendBest appends the n best nodes, of which there are as many.
func (s *Set[N]) appendBest(dst []N, q query, n int) []N {
	dst = slices.Grow(dst, n)
	switch {
	case n == 1:
		return append(dst, s.live[s.best(q)])
	case n <= few && s.fill == nil:
		return s.appendFew(dst, q, n)
	}
	for c := range s.ranked(q) {
		dst = append(dst, s.live[c.index])
		if n--; n == 0 {
			break
		}
	}
	return dst
}

// appendFew is appendBest for 2 <= n <= few without a Scorer.
func (s *Set[N]) appendFew(dst []N, q query, n int) []N {
	var kept [few]candidate
	x := expand(q.hash)
	if s.weights == nil {
		x.bestFew(kept[:n], s.seeds)
	} else {
		x.bestFewWeighted(kept[:n], s.seeds, s.weights)
	}
	for _, c := range kept[:n] {
		dst = append(dst, s.live[c.index])
	}
	return dst
}

// Owns reports whether the node with the given ID is among the n best nodes for
// the key, which are those that SelectN returns. It takes time proportional to
// the number of nodes and does not allocate.
func (s *Set[N]) Owns(key, id string, n int) bool {
	at, ok := s.liveIndex(id)
	return ok && n > 0 && s.isBest(s.query(key), at, n)
}

// isBest reports whether the live node at an index is among the n best.
func (s *Set[N]) isBest(q query, at, n int) bool {
	if n == 1 {
		return s.best(q) == at
	}
	work := s.borrow()
	defer s.giveBack(work)
	cs := s.candidates(work, q)
	better := 0
	for _, c := range cs {
		if c.beats(cs[at]) {
			better++
		}
	}
	return better < n
}

// liveIndex returns the index in live of the node with the given ID.
func (s *Set[N]) liveIndex(id string) (at int, ok bool) {
	place, ok := s.nodes().Find(id)
	if !ok {
		return 0, false
	}
	return slices.BinarySearch(s.places, int32(place))
}
