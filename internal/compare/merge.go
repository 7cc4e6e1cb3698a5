package compare

import (
	"cmp"
	"errors"
	"slices"
)

// ErrParts is the error for parts that were not measured on the same nodes.
var ErrParts = errors.New("the parts are about different nodes")

// MergeLoads returns the load of all keys of the parts, which were measured on
// the same nodes. Counts add up exactly, so the result does not depend on how the
// keys were divided.
func MergeLoads(parts ...*Load) (*Load, error) {
	all := &Load{Held: make([]int64, len(parts[0].Held)), Fair: parts[0].Fair}
	for _, p := range parts {
		if !slices.Equal(p.Fair, all.Fair) {
			return nil, ErrParts
		}
		all.Keys += p.Keys
		addTo(all.Held, p.Held)
	}
	return all, nil
}

// MergeMovements returns the movement of all keys of the parts, which were
// measured on the same change. Ideal and Excess follow from the sums: they are no
// sums of those of the parts.
func MergeMovements(parts ...*Movement) (*Movement, error) {
	first := parts[0]
	all := &Movement{Expected: first.Expected, Nodes: slices.Clone(first.Nodes)}
	for i := range all.Nodes {
		all.Nodes[i].Before, all.Nodes[i].After = 0, 0
	}
	flows := map[[2]string]int64{}
	for _, p := range parts {
		if !slices.EqualFunc(p.Nodes, first.Nodes, func(a, b NodeChange) bool { return a.ID == b.ID && a.Kind == b.Kind }) || (p.Flows == nil) != (first.Flows == nil) {
			return nil, ErrParts
		}
		all.Keys += p.Keys
		all.Moved += p.Moved
		all.Survivors += p.Survivors
		all.Replicas += p.Replicas
		all.Copied += p.Copied
		for i, n := range p.Nodes {
			all.Nodes[i].Before += n.Before
			all.Nodes[i].After += n.After
		}
		for _, f := range p.Flows {
			flows[[2]string{f.From, f.To}] += f.Keys
		}
	}
	for _, n := range all.Nodes {
		all.Ideal += max(0, n.After-n.Before)
	}
	all.Excess = all.Moved - all.Ideal
	if first.Flows != nil {
		all.Flows = []Flow{}
	}
	for pair, keys := range flows {
		all.Flows = append(all.Flows, Flow{pair[0], pair[1], keys})
	}
	slices.SortFunc(all.Flows, func(a, b Flow) int {
		return cmp.Or(cmp.Compare(b.Keys, a.Keys), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return all, nil
}

// SampleRange is a range of keys of the sample: Keys keys from number First on.
type SampleRange struct {
	First int64 `json:"first"`
	Keys  int64 `json:"keys"`
}

// MergeRanges returns the ranges in ascending order, adjacent ones as one. It
// reports false if two of them overlap.
func MergeRanges(ranges []SampleRange) (merged []SampleRange, ok bool) {
	ranges = slices.SortedFunc(slices.Values(ranges), func(a, b SampleRange) int { return cmp.Compare(a.First, b.First) })
	for _, r := range ranges {
		last := len(merged) - 1
		switch {
		case last < 0 || r.First > merged[last].First+merged[last].Keys:
			merged = append(merged, r)
		case r.First < merged[last].First+merged[last].Keys:
			return nil, false
		default:
			merged[last].Keys += r.Keys
		}
	}
	return merged, true
}
