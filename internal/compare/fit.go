package compare

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Observation is a key and the index of the node that owns it.
type Observation struct {
	Key  string
	Node int
}

// Lookup returns the index of the node that owns a key.
type Lookup func(key string) (node int, ok bool)

// Fit is how well one hypothesis explains observations.
type Fit struct {
	Hypothesis int    // its index
	Lookup     Lookup // nil unless it explains all
	Right      int    // observations that it explains
	Tried      int    // observations compared: all, or the first screen of them
	Wrong      []int  // indices of compared observations that it does not explain
}

// Explains reports whether the hypothesis explains all n observations.
func (f *Fit) Explains(n int) bool { return f.Right == n }

// screen is the number of observations after which a hypothesis that explains
// fewer than half of them is given up.
const screen = 24

// Fits are the results of a search.
type Fits struct {
	Fits    []Fit // of hypotheses that could be built, by index
	Refused int   // hypotheses that could not be built
	Untried int   // hypotheses that were not reached in time
}

// FitAll compares n hypotheses with observations, on all processors, until the
// context ends. build returns the lookup of hypothesis i, or an error if the
// nodes do not permit it. Hypotheses are begun in order.
func FitAll(ctx context.Context, n int, build func(i int) (Lookup, error), seen []Observation) *Fits {
	fits := make([]*Fit, n)
	var next, refused atomic.Int64
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				lookup, err := build(i)
				if err != nil {
					refused.Add(1)
					continue
				}
				fits[i] = fit(i, lookup, seen)
			}
		})
	}
	workers.Wait()
	all := &Fits{Refused: int(refused.Load())}
	for _, f := range fits {
		if f != nil {
			all.Fits = append(all.Fits, *f)
		}
	}
	all.Untried = n - len(all.Fits) - all.Refused
	return all
}

func fit(i int, lookup Lookup, seen []Observation) *Fit {
	f := &Fit{Hypothesis: i}
	for at, o := range seen {
		if at == screen && 2*f.Right < screen {
			return f
		}
		f.Tried++
		if node, ok := lookup(o.Key); ok && node == o.Node {
			f.Right++
		} else {
			f.Wrong = append(f.Wrong, at)
		}
	}
	if f.Explains(len(seen)) {
		f.Lookup = lookup
	}
	return f
}

// Nearest returns the fits that explain most, best first: those compared with all
// observations before those given up, and the earlier of equal ones first.
func (f *Fits) Nearest() []Fit {
	nearest := slices.Clone(f.Fits)
	slices.SortStableFunc(nearest, func(a, b Fit) int {
		if a.Tried != b.Tried {
			return b.Tried - a.Tried
		}
		return b.Right - a.Right
	})
	return nearest
}

// Coincidence returns an upper bound of the probability that one of n unrelated
// placements explains all observations, where node i owns the fraction fair[i] of
// all keys.
func Coincidence(n int, fair []float64, seen []Observation) float64 {
	p := float64(n)
	for _, o := range seen {
		p *= fair[o.Node]
	}
	return min(1, p)
}

// KeysToTell returns the number of keys for which [Coincidence] is expected to be
// at most p: keys that are spread over the nodes as fair says. It is 0 if one
// node owns all keys, so that no number of keys tells.
func KeysToTell(n int, fair []float64, p float64) int {
	information := 0.0 // that one key gives, in nats
	for _, f := range fair {
		if f > 0 {
			information -= f * math.Log(f)
		}
	}
	if information == 0 {
		return 0
	}
	return int(math.Ceil(math.Log(float64(n)/p) / information))
}
