package rendezvous

// bestWeighted is best by weighted score. It takes the logarithm only for nodes
// that could win: because -ln(u) >= 1-u, no score exceeds w/(1-u). It starts with
// the node of the greatest raw score, which excludes most others.
func (x mixer) bestWeighted(seeds []uint64, weights []float64) int {
	first := x.best(seeds)
	best := x.weighted(first, seeds, weights)
	limit := limitFor(best.value) // what w must reach for each unit of 1-u
	weights = weights[:len(seeds)]
	for i, seed := range seeds {
		if weights[i] < complement(x.score(seed))*limit || i == first {
			continue
		}
		if c := x.weighted(i, seeds, weights); c.beats(best) {
			best, limit = c, limitFor(c.value)
		}
	}
	return int(best.index)
}

func (x mixer) weighted(i int, seeds []uint64, weights []float64) candidate {
	raw := x.score(seeds[i])
	return candidate{value: weigh(raw, weights[i]), raw: raw, index: int32(i)}
}

// complement returns 1-u in units of 2^-52, rounded down.
func complement(raw uint64) float64 { return float64(int64(^raw >> 12)) }

// limitFor turns the value to beat into the weight that a node needs for each
// unit of complement. The slack of 2^-40 exceeds the rounding errors of both
// sides, so that no winner is excluded.
func limitFor(value float64) float64 {
	const scale, slack = 1.0 / (1 << 52), 1 - 1.0/(1<<40)
	return value * scale * slack
}
