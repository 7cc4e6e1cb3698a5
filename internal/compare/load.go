package compare

import "math"

// Load is how many keys each node holds, beside the fraction that it should.
type Load struct {
	Keys int64     // all that were counted
	Held []int64   // by node
	Fair []float64 // by node: the fraction that its weight asks for; sums to 1
}

// Imbalance returns the greatest ratio of what a node holds to what it should
// hold, and the node. Of nodes with equal weights that is the maximum over the
// average. It is 0 and -1 without keys or nodes, and infinite if a node holds
// keys that should have none.
func (l *Load) Imbalance() (ratio float64, node int) {
	node = -1
	for i := range l.Held {
		if r := l.Ratio(i); r > ratio {
			ratio, node = r, i
		}
	}
	return ratio, node
}

// Ratio returns what a node holds over what it should hold.
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

// Expected returns how many keys the node should hold.
func (l *Load) Expected(i int) float64 { return float64(l.Keys) * l.Fair[i] }

// Band returns the range of keys that chance gives a node 19 times of 20 if
// every key goes to it with the fair probability, by the normal approximation.
func (l *Load) Band(i int) Interval {
	expected := l.Expected(i)
	spread := z95 * math.Sqrt(expected*(1-l.Fair[i]))
	return Interval{max(0, expected-spread), min(float64(l.Keys), expected+spread)}
}

// Deviation returns the standard deviation of Ratio over the nodes that should
// hold keys, and the one that chance alone would give: of n equal nodes and k
// keys about sqrt(n/k). It takes no keys for 0 and 0.
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

// ChanceImbalance returns about what Imbalance would be if only chance were at
// work: a gate below that fails for want of keys. It is the usual bound on the
// greatest of n normal deviates, sqrt(2 ln n) of them.
func (l *Load) ChanceImbalance() float64 {
	_, chance := l.Deviation()
	count, _ := weighed(l.Fair)
	if count < 2 {
		return 1
	}
	return 1 + chance*math.Sqrt(2*math.Log(float64(count)))
}

// ChiSquare returns Pearson's statistic of the load against the fair one, its
// degrees of freedom, and the probability that chance alone gives as much. A
// tiny probability means that the shares differ from the weights by more than
// chance, as those of every ring do. The statistic is infinite if a node holds
// keys that should have none.
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
