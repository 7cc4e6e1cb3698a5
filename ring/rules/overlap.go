package rules

import (
	"fmt"
	"math"
	"slices"
)

// Overlap tells how many nodes the shards of pairs of tenants share.
type Overlap struct {
	// Tenants is the number of tenants, and Size that of the nodes of a shard.
	Tenants, Size int
	// Pairs counts the pairs of tenants by the number of nodes that they share, from 0
	// to Size.
	Pairs []int64
	// Worst is the greatest number of other tenants that share all nodes with one
	// tenant. They have no node left if that tenant takes its nodes down.
	Worst int
	// WorstTenant is the index of such a tenant.
	WorstTenant int
}

// Share returns the part of the pairs that share exactly k nodes, from 0 to 1.
func (o Overlap) Share(k int) float64 {
	pairs := float64(o.Tenants) * float64(o.Tenants-1) / 2
	if k < 0 || k > o.Size || pairs == 0 {
		return 0
	}
	return float64(o.Pairs[k]) / pairs
}

// Poisoned returns the part of the other tenants that have no node left if the worst
// tenant takes its nodes down, from 0 to 1.
func (o Overlap) Poisoned() float64 {
	if o.Tenants < 2 {
		return 0
	}
	return float64(o.Worst) / float64(o.Tenants-1)
}

// Overlap measures the shards of n nodes of the tenants. The error is that of
// [Shards.Shard]. It takes the time of a shard for each tenant and of a comparison of
// bits for each pair.
func (s *Shards[N]) Overlap(tenants []string, n int) (Overlap, error) {
	o := Overlap{Tenants: len(tenants), Size: n, Pairs: make([]int64, max(n, 0)+1)}
	shards := make([][]int32, len(tenants))
	holders := make([][]int32, s.Len()) // tenants by node
	w := s.scratch.New().(*shardScratch[N])
	for t, tenant := range tenants {
		if err := s.check(tenant, n); err != nil {
			return o, fmt.Errorf("overlap: %w", err)
		}
		s.rank(w, tenant)
		shards[t] = append(shards[t], s.spread(w, n)...)
		for _, i := range shards[t] {
			holders[i] = append(holders[i], int32(t))
		}
	}
	shared := make([]int32, len(tenants))
	for t, shard := range shards {
		clear(shared)
		for _, i := range shard {
			for _, other := range holders[i] {
				shared[other]++
			}
		}
		all := 0
		for other, k := range shared {
			if other > t {
				o.Pairs[k]++
			}
			if other != t && int(k) == n {
				all++
			}
		}
		if all > o.Worst {
			o.Worst, o.WorstTenant = all, t
		}
	}
	return o, nil
}

// ExpectedOverlap returns the probability that two shards share k nodes, for k from 0
// to the size of a shard, by its closed form: the hypergeometric distribution in every
// zone, summed over zones. nodes are the numbers of nodes of the zones, of equal
// weight, and chosen those that a shard has of them; a fleet without zones is one zone.
// It returns an error that wraps [ErrShard] if a shard has more nodes of a zone than
// there are.
func ExpectedOverlap(nodes, chosen []int) ([]float64, error) {
	if len(nodes) != len(chosen) {
		return nil, fmt.Errorf("%d zones, and shards of %d: %w", len(nodes), len(chosen), ErrShard)
	}
	all := []float64{1}
	for z, size := range nodes {
		n := chosen[z]
		if n < 0 || n > size {
			return nil, fmt.Errorf("zone %d: a shard of %d of %d nodes: %w", z, n, size, ErrShard)
		}
		all = convolve(all, hypergeometric(size, n, n))
	}
	return all, nil
}

// Expected returns the probability that the shards of n nodes of two tenants share k
// nodes, for k from 0 to n, by the closed form. It reports false if there is none: nodes
// must have equal weights, and either all zones are of one size, or shards have as many
// nodes of each. It is that of nodes with equal shares: the arcs of a ring are uneven.
func (s *Shards[N]) Expected(n int) (probability []float64, ok bool) {
	sizes := make([]int, s.count)
	for _, zone := range s.zones {
		sizes[zone]++
	}
	if n < 1 || n > s.Len() || !s.equalWeights() {
		return nil, false
	}
	each, extra := n/s.count, n%s.count // nodes of a zone, and zones with one more
	smallest, largest := slices.Min(sizes), slices.Max(sizes)
	switch {
	case extra == 0 && each <= smallest:
		chosen := slices.Repeat([]int{each}, s.count)
		probability, err := ExpectedOverlap(sizes, chosen)
		return probability, err == nil
	case smallest != largest:
		return nil, false
	}
	probability = make([]float64, n+1)
	both := hypergeometric(s.count, extra, extra)
	for zones, p := range both { // that have one more in both shards
		all := []float64{p}
		for range zones {
			all = convolve(all, hypergeometric(smallest, each+1, each+1))
		}
		for range 2 * (extra - zones) {
			all = convolve(all, hypergeometric(smallest, each+1, each))
		}
		for range s.count - 2*extra + zones {
			all = convolve(all, hypergeometric(smallest, each, each))
		}
		for k, p := range all {
			probability[k] += p
		}
	}
	return probability, true
}

// equalWeights reports whether all nodes of the ranking have one weight, as far as the
// ranking tells.
func (s *Shards[N]) equalWeights() bool {
	var weight func(id string) (float64, bool)
	switch own := s.ranking.(type) {
	case interface{ Weight(string) (float64, bool) }:
		weight = own.Weight
	case interface{ Capacity(string) (float64, bool) }:
		weight = own.Capacity
	default:
		return true
	}
	first, _ := weight(s.nodes.IDs[0])
	return !slices.ContainsFunc(s.nodes.IDs, func(id string) bool { w, _ := weight(id); return w != first })
}

// convolve returns the distribution of the sum of two numbers.
func convolve(p, q []float64) []float64 {
	sum := make([]float64, len(p)+len(q)-1)
	for i, x := range p {
		for k, y := range q {
			sum[i+k] += x * y
		}
	}
	return sum
}

// hypergeometric returns the probability that a choice of a and one of b from size share
// k, for k from 0 to min(a, b).
func hypergeometric(size, a, b int) []float64 {
	p := make([]float64, min(a, b)+1)
	for k := max(0, a+b-size); k < len(p); k++ {
		p[k] = math.Exp(logChoose(a, k) + logChoose(size-a, b-k) - logChoose(size, b))
	}
	return p
}

// logChoose returns the logarithm of the binomial coefficient.
func logChoose(n, k int) float64 {
	gamma := func(x int) float64 { l, _ := math.Lgamma(float64(x + 1)); return l }
	return gamma(n) - gamma(k) - gamma(n-k)
}
