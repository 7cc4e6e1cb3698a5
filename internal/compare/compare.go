// Package compare computes statistics of placement from counted keys: how even
// the load of the nodes is, how many keys a change of the nodes moves compared
// with the minimum, and how the loss of a node or a zone loads the others.
//
// Keys are counted as they stream by, in memory that depends on the number of
// nodes and not on the number of keys. Each goroutine counts into a tally of
// its own; a total gathers the tallies. The result does not depend on which
// tally counted which key.
//
// Keys are a sample of an unlimited population unless the caller knows that
// they are all keys. A fraction measured on a sample has a 95% confidence
// [Interval].
package compare

// Interval is a 95% confidence interval of a fraction measured on a sample.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// weighed counts the weights above 0 and returns their sum.
func weighed(weights []float64) (count int, total float64) {
	for _, w := range weights {
		if w > 0 {
			count++
			total += w
		}
	}
	return count, total
}

// Fair returns the fraction of all keys that each weight calls for: the weight
// divided by the sum of the weights. If the sum is 0, every fraction is 0.
func Fair(weights []float64) []float64 {
	fair := make([]float64, len(weights))
	count, total := weighed(weights)
	if count == 0 {
		return fair
	}
	for i, w := range weights {
		fair[i] = w / total
	}
	return fair
}
