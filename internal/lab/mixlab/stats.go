package main

import "math"

// departure is how far the chi-square statistic of the counts lies from its
// expectation, in its own standard deviations. Nil shares are equal ones.
func departure(counts []int, shares []float64) float64 {
	total := 0
	for _, n := range counts {
		total += n
	}
	chi := 0.0
	for i, n := range counts {
		want := float64(total) / float64(len(counts))
		if shares != nil {
			want = float64(total) * shares[i]
		}
		chi += (float64(n) - want) * (float64(n) - want) / want
	}
	df := float64(len(counts) - 1)
	return math.Abs(chi-df) / math.Sqrt(2*df)
}

// tripleWeights are the weights of three nodes in the weighted column.
var tripleWeights = [3]float64{1, 2, 4}

func tripleShares() []float64 {
	shares := make([]float64, len(tripleWeights))
	for i, w := range tripleWeights {
		shares[i] = w / (tripleWeights[0] + tripleWeights[1] + tripleWeights[2])
	}
	return shares
}

// countTriples counts, for three nodes, in which of the six orders they rank
// and who wins when their weights differ.
func countTriples(m mixer, in input, set, keys int) (order, weighted []int) {
	seeds := in.seeds(m, 3, set)
	all := parallel(keys, 6+3, func(from, to int, into []int) {
		var scores [3]uint64
		for k := from; k < to; k++ {
			m.score(scores[:], seeds, in.key(k))
			into[orderOf(scores)]++
			into[6+weightedBest(scores)]++
		}
	})
	return all[:6], all[6:]
}

// orderOf numbers the six orders of three scores.
func orderOf(s [3]uint64) int {
	n := 0
	for i, above := range [3]bool{s[0] > s[1], s[1] > s[2], s[0] > s[2]} {
		if above {
			n |= 1 << i
		}
	}
	return [8]int{0: 0, 1: 1, 2: 2, 3: 6, 4: 6, 5: 3, 6: 4, 7: 5}[n]
}

// weightedBest is the winner by -w/ln(u), the weighted score of rendezvous.
func weightedBest(s [3]uint64) int {
	best, top := 0, 0.0
	for i, w := range tripleWeights {
		u := (float64(s[i]>>12) + 0.5) / (1 << 52)
		if v := -w / math.Log(u); v > top {
			best, top = i, v
		}
	}
	return best
}
