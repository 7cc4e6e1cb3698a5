// Package shortrun holds how much less tests do in a short run (-short), as under
// the race detector and on emulated processors. Each of them also runs in full.
package shortrun

import "testing"

// Few returns n, or a quarter of n in a short run, at least 1.
func Few[N ~int | ~int64 | ~uint64](n N) N {
	if testing.Short() {
		return max(1, n/4)
	}
	return n
}
