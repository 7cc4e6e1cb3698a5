package compare

import "math"

// Load is the number of keys that each node holds.
type Load struct {
	Keys int64     // all keys counted
	Held []int64   // by node
	Fair []float64 // by node: the fraction that its weight calls for; sums to 1
}

// Imbalance returns the greatest [Load.Ratio] and its node. For nodes of equal
// weight the ratio is the maximum load over the average. Without keys or nodes
// Imbalance returns 0 and -1.
func (l *Load) Imbalance() (ratio float64, node int) {
	node = -1
	for i := range l.Held {
		if r := l.Ratio(i); r > ratio {
			ratio, node = r, i
		}
	}
	return ratio, node
}

// Ratio returns the keys that a node holds divided by [Load.Expected]. It is
// infinite for a drained node that holds keys.
func (l *Load) Ratio(i int) float64 {
	expected := l.Expected(i)
	switch {
	case l.Held[i] == 0:
		return 0
	case expected == 0:
		return math.Inf(1)
	}
	return float64(l.Held[i]) / expected
}

// Sums returns the keys of each group of nodes. The groups are numbered from 0;
// group holds the number of each node.
func (l *Load) Sums(group []int, groups int) []int64 {
	sums := make([]int64, groups)
	for i, held := range l.Held {
		sums[group[i]] += held
	}
	return sums
}

// Expected returns the number of keys that the node's weight calls for.
func (l *Load) Expected(i int) float64 { return float64(l.Keys) * l.Fair[i] }

// Band returns the 95% range of the number of keys that a node holds if every
// key goes to it with the fair probability, by the normal approximation.
func (l *Load) Band(i int) Interval {
	expected := l.Expected(i)
	spread := z95 * math.Sqrt(expected*(1-l.Fair[i]))
	return Interval{max(0, expected-spread), min(float64(l.Keys), expected+spread)}
}

// Deviation returns the standard deviation of Ratio over the nodes with a fair
// fraction above 0, and the deviation expected by chance alone: about sqrt(n/k)
// for n equal nodes and k keys. Without keys it returns 0 and 0.
func (l *Load) Deviation() (measured, chance float64) {
	nodes := 0.0
	for i, p := range l.Fair {
		if p == 0 || l.Keys == 0 {
			continue
		}
		nodes++
		off := l.Ratio(i) - 1
		measured += off * off
		chance += (1 - p) / l.Expected(i)
	}
	if nodes == 0 {
		return 0, 0
	}
	return math.Sqrt(measured / nodes), math.Sqrt(chance / nodes)
}

// ChanceImbalance returns the Imbalance to expect by chance alone; a limit below
// it fails only because there are too few keys. It uses the usual bound on the
// greatest of n normal deviates, sqrt(2 ln n).
func (l *Load) ChanceImbalance() float64 {
	_, chance := l.Deviation()
	count, _ := weighed(l.Fair)
	if count < 2 {
		return 1
	}
	return 1 + chance*math.Sqrt(2*math.Log(float64(count)))
}

// ChiSquare returns Pearson's statistic of the load against the fair load, its
// degrees of freedom, and the probability of at least that statistic by chance.
// A tiny probability means that the shares do not match the weights, which is
// so for every ring. The statistic is infinite if a drained node holds keys.
func (l *Load) ChiSquare() (statistic float64, df int, p float64) {
	df = -1
	for i, fair := range l.Fair {
		if fair == 0 {
			if l.Held[i] > 0 {
				statistic = math.Inf(1)
			}
			continue
		}
		df++
		if expected := l.Expected(i); expected > 0 {
			off := float64(l.Held[i]) - expected
			statistic += off * off / expected
		}
	}
	df = max(df, 0)
	return statistic, df, ChiSquareP(statistic, df)
}
