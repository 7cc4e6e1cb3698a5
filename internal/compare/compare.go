// Package compare turns counted keys into figures: how evenly nodes are loaded,
// what a change of the nodes moves against what it had to move, and what the
// loss of a node or a zone does to the others.
//
// Everything is counted while keys stream by, in memory that depends on the
// number of nodes and not on the number of keys. Counting is done by tallies,
// one for every goroutine, which a total gathers; what it holds then does not
// depend on which tally saw which key.
//
// Keys are a sample of an endless stream unless the caller says that they are
// all there are. Of a sample every fraction has an error, given as the
// interval that holds the truth 19 times of 20.
package compare

// Interval is where a fraction measured on a sample may truly lie.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// weighed counts the nodes whose weight is not 0, and sums their weights.
func weighed(weights []float64) (count int, total float64) {
	for _, w := range weights {
		if w > 0 {
			count++
			total += w
		}
	}
	return count, total
}

// Fair returns the fraction of all keys that each weight asks for: the weight
// over the sum of the weights, or 0 throughout if that is 0.
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
