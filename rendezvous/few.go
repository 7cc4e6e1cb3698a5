package rendezvous

// few is the greatest n for which SelectN keeps the best in a sorted array while
// it scores; beyond it a heap is faster.
const few = 8

// bestFew fills kept with the best candidates, best first.
func (x mixer) bestFew(kept []candidate, seeds []uint64) {
	if haveVector && len(seeds) >= vectorFrom {
		x.bestFewVector(kept, seeds)
		return
	}
	x.bestFewScalar(kept, seeds)
}

// bestFewScalar is bestFew in portable Go, and the reference for the vector form.
func (x mixer) bestFewScalar(kept []candidate, seeds []uint64) {
	for i, seed := range seeds[:len(kept)] {
		insertRaw(kept[:i+1], x.score(seed), i)
	}
	x.improve(kept, seeds, len(kept), len(seeds))
}

// improve inserts the seeds from start to end that beat the last of the kept
// candidates. A later node with an equal score loses, having the larger ID.
func (x mixer) improve(kept []candidate, seeds []uint64, start, end int) {
	last := kept[len(kept)-1].raw
	for i := start; i < end; i++ {
		if raw := x.score(seeds[i]); raw > last {
			insertRaw(kept, raw, i)
			last = kept[len(kept)-1].raw
		}
	}
}

// bestFewWeighted is bestFew by weighted score, with the limit of bestWeighted.
func (x mixer) bestFewWeighted(kept []candidate, seeds []uint64, weights []float64) {
	for i := range kept {
		insert(kept[:i+1], x.weighted(i, seeds, weights))
	}
	last := &kept[len(kept)-1]
	limit := limitFor(last.value)
	for i := len(kept); i < len(seeds); i++ {
		if weights[i] < complement(x.score(seeds[i]))*limit {
			continue
		}
		if c := x.weighted(i, seeds, weights); c.beats(*last) {
			insert(kept, c)
			limit = limitFor(last.value)
		}
	}
}

// insert inserts c into the sorted candidates and drops the last of them.
func insert(sorted []candidate, c candidate) {
	i := len(sorted) - 1
	for ; i > 0 && c.beats(sorted[i-1]); i-- {
		sorted[i] = sorted[i-1]
	}
	sorted[i] = c
}

// insertRaw is insert by raw score alone, for a node whose index is greater than
// those in sorted.
func insertRaw(sorted []candidate, raw uint64, index int) {
	i := len(sorted) - 1
	for ; i > 0 && raw > sorted[i-1].raw; i-- {
		sorted[i] = sorted[i-1]
	}
	sorted[i] = candidate{raw: raw, index: int32(index)}
}
