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
	n = min(n, s.choices())
	if n <= 0 {
		return dst
	}
	dst = slices.Grow(dst, n)
	switch {
	case n == 1:
		return append(dst, s.live[s.best(key)])
	case n <= few && s.fill == nil:
		return s.selectFew(dst, key, n)
	}
	for c := range s.ranked(key) {
		dst = append(dst, s.live[c.index])
		if n--; n == 0 {
			break
		}
	}
	return dst
}

// selectFew is SelectN for 2 <= n <= few without a Scorer.
func (s *Set[N]) selectFew(dst []N, key string, n int) []N {
	var kept [few]candidate
	x := expand(s.hash(key))
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
	switch {
	case !ok || n <= 0:
		return false
	case n == 1:
		return s.best(key) == at
	}
	work := s.borrow()
	defer s.giveBack(work)
	cs := s.candidates(work, key)
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
