package rendezvous

// SelectN appends the n best nodes for the key to dst, best first and each at
// most once, and returns the result. It appends fewer if fewer can be chosen.
// The answer for n is a prefix of that for n+1, so a replica never changes
// places because there are more of them. It allocates only to grow dst.
func (s *Set[N]) SelectN(dst []N, key string, n int) []N {
	n = min(n, len(s.live))
	switch {
	case n <= 0:
		return dst
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
