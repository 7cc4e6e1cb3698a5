package rendezvous

// few is the number of nodes up to which SelectN keeps the best in a short
// sorted array while it scores; beyond it a heap is faster.
const few = 8

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

// bestFew fills kept with the best candidates, best first.
func (x mixer) bestFew(kept []candidate, seeds []uint64) {
	for i, seed := range seeds[:len(kept)] {
		insert(kept[:i+1], candidate{raw: x.score(seed), index: int32(i)})
	}
	last := kept[len(kept)-1].raw
	for i := len(kept); i < len(seeds); i++ {
		// A later node with the same score loses, having the larger ID.
		if raw := x.score(seeds[i]); raw > last {
			insert(kept, candidate{raw: raw, index: int32(i)})
			last = kept[len(kept)-1].raw
		}
	}
}

// bestFewWeighted is bestFew by weighed score, with the limit of bestWeighted.
func (x mixer) bestFewWeighted(kept []candidate, seeds []uint64, weights []float64) {
	for i := range kept {
		insert(kept[:i+1], x.weighed(i, seeds, weights))
	}
	last := &kept[len(kept)-1]
	limit := limitFor(last.value)
	for i := len(kept); i < len(seeds); i++ {
		if weights[i] < complement(x.score(seeds[i]))*limit {
			continue
		}
		if c := x.weighed(i, seeds, weights); c.beats(*last) {
			insert(kept, c)
			limit = limitFor(last.value)
		}
	}
}

// insert puts c in its place among the sorted candidates, whose last drops out.
func insert(sorted []candidate, c candidate) {
	i := len(sorted) - 1
	for ; i > 0 && c.beats(sorted[i-1]); i-- {
		sorted[i] = sorted[i-1]
	}
	sorted[i] = c
}
