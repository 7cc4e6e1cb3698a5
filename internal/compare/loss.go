package compare

import (
	"cmp"
	"math"
	"slices"
)

// The keys of a lost node go to the next node in rank. The load after a loss
// therefore follows from the present load and from the next node of each key.

// LossKeys is the number of keys of a run for which the next node is found. It
// is enough to estimate where the keys of a lost node go; ranking a key takes
// longer than finding its owner, so further keys only count for the load.
const LossKeys = 1 << 18

// Spill counts the nodes that keys would go to if the group of their owner were
// lost. A group is a single node or a zone.
type Spill struct {
	group []int // by node
	next  map[flow]int64
}

type flow struct{ from, to int32 }

// NewSpill returns a Spill for groups, given as a number for every node.
func NewSpill(group []int) *Spill { return &Spill{group: group, next: map[flow]int64{}} }

// Singly returns groups of one node each.
func Singly(nodes int) []int {
	group := make([]int, nodes)
	for i := range group {
		group[i] = i
	}
	return group
}

// Group returns the group of a node.
func (s *Spill) Group(node int) int { return s.group[node] }

// Count counts a key whose owner is in group and that would go to the node to
// if the group were lost. The node is -1 if none would be left. The key counts
// weight times.
func (s *Spill) Count(group, to int, weight int64) {
	s.next[flow{int32(group), int32(to)}] += weight
}

// Gather adds the counts of other, a Spill of the same groups.
func (s *Spill) Gather(other *Spill) {
	for f, keys := range other.next {
		s.next[f] += keys
	}
}

// Loss describes the effect of losing a group.
type Loss struct {
	Group    int
	Share    float64 // the fraction of all keys that loses its owner
	Heaviest int     // the node with the greatest Ratio of those that take over keys; -1 if no node is left
	Ratio    float64 // its load after the loss over its fair load before it; infinite if no node is left
}

// Worst returns the first of [Spill.Losses]. It reports false if there is none.
func (s *Spill) Worst(l *Load) (worst Loss, ok bool) {
	losses := s.Losses(l)
	if len(losses) == 0 {
		return Loss{}, false
	}
	return losses[0], true
}

// Losses returns the losses of all groups that hold keys, by descending Ratio
// and then by descending Share. They are exact if the keys counted here are
// those of l, and estimates if they are a sample of them.
func (s *Spill) Losses(l *Load) []Loss {
	var losses []Loss
	for _, loss := range s.losses(l) {
		if loss.Heaviest < 0 {
			loss.Ratio = math.Inf(1)
		}
		losses = append(losses, loss)
	}
	slices.SortFunc(losses, func(a, b Loss) int {
		return cmp.Or(cmp.Compare(b.Ratio, a.Ratio), cmp.Compare(b.Share, a.Share), cmp.Compare(a.Group, b.Group))
	})
	return losses
}

// losses returns the loss of every group that holds keys. Loads come from all
// keys; the fractions that go to each other node come from the counted ones.
func (s *Spill) losses(l *Load) map[int32]Loss {
	seen, held := map[int32]int64{}, map[int32]int64{}
	for f, keys := range s.next {
		seen[f.from] += keys
	}
	for node, keys := range l.Held {
		held[int32(s.group[node])] += keys
	}
	losses := map[int32]Loss{}
	for group := range seen {
		losses[group] = Loss{Group: int(group), Share: float64(held[group]) / float64(l.Keys), Heaviest: -1}
	}
	for f, keys := range s.next {
		if f.to < 0 || keys == 0 {
			continue
		}
		loss := losses[f.from]
		gained := float64(held[f.from]) * float64(keys) / float64(seen[f.from])
		ratio := (float64(l.Held[f.to]) + gained) / l.Expected(int(f.to))
		if ratio > loss.Ratio || ratio == loss.Ratio && int(f.to) < loss.Heaviest {
			loss.Heaviest, loss.Ratio = int(f.to), ratio
			losses[f.from] = loss
		}
	}
	return losses
}
