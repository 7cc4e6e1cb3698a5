package rendezvous

import "github.com/proxenos/proxenos/internal/batch"

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

// certain is what the product of two bounds must exceed before one excludes the
// other, so that rounding errors do not count.
const certain = 1 + 1.0/(1<<40)

// bestWeightedAll sets at[i] to the result of bestWeighted for hashes[i]. inverse
// holds the inverses of the weights.
//
// The node with the greatest bound w/(1-u) mostly wins. It does if its value exceeds
// the second greatest bound.
func bestWeightedAll(at []uint32, hashes, seeds []uint64, weights, inverse []float64) {
	var next [batch.Size]float64
	for len(hashes) > 0 {
		n := min(len(hashes), len(next))
		bounded := batch.Bound(at[:n], next[:n], hashes[:n], seeds, inverse)
		for i, h := range hashes[:n] {
			x := expand(h)
			if bounded && next[i]*limitFor(x.weighted(int(at[i]), seeds, weights).value) > certain {
				continue
			}
			at[i] = uint32(x.bestWeighted(seeds, weights))
		}
		at, hashes = at[n:], hashes[n:]
	}
}

// bestFewWeightedAll sets at[i*n] to at[i*n+n-1] to the nodes that have the n greatest
// weighted scores for hashes[i], best first, or the last of them to batch.None if bounds
// do not tell. It reports whether it did.
//
// The nodes with the n greatest bounds are mostly the best. They are if the last of
// their values exceeds the bound that follows.
func bestFewWeightedAll(at []uint32, hashes, seeds []uint64, weights, inverse []float64, n int) bool {
	var next [batch.Size]float64
	if !batch.FewBounds(at, next[:], hashes, seeds, inverse, n) {
		return false
	}
	for i, h := range hashes {
		var kept [few]candidate
		x, at := expand(h), at[i*n:i*n+n]
		for r, node := range at {
			insert(kept[:r+1], x.weighted(int(node), seeds, weights))
		}
		for r := range at {
			at[r] = uint32(kept[r].index)
		}
		if !(next[i]*limitFor(kept[n-1].value) > certain) {
			at[n-1] = batch.None
		}
	}
	return true
}

// inverses returns the inverses of the weights. As weightScale keeps weights from
// 2^-774 to 2^964, the inverses are normal numbers, too.
func inverses(weights []float64) []float64 {
	if weights == nil {
		return nil
	}
	all := make([]float64, len(weights))
	for i, w := range weights {
		all[i] = 1 / w
	}
	return all
}
