package compare

import "math"

// A node that is lost leaves its keys to the next in rank. How heavy that is
// for the others is known without trying it: the load as it is, and where the
// keys of each node would go next.

// LossKeys is how many keys of a run are enough to tell where the keys of a
// lost node go. Their rank takes longer to find than their owner, so the rest
// only count towards the load.
const LossKeys = 1 << 18

// Spill counts where keys would go if the group of their owner were lost. A
// group is a node of its own or a zone.
type Spill struct {
	group []int // by node
	next  map[flow]int64
}

type flow struct{ from, to int32 }

// NewSpill prepares to count losses of groups, given as a number for every
// node.
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

// Count counts a key whose owner is in a group, and which would go to a node
// if the group were lost, or to -1 if nobody is left.
func (s *Spill) Count(group, to int) { s.next[flow{int32(group), int32(to)}]++ }

// Gather adds what another goroutine counted.
func (s *Spill) Gather(other *Spill) {
	for f, keys := range other.next {
		s.next[f] += keys
	}
}

// Loss is what the loss of a group means.
type Loss struct {
	Group    int
	Share    float64 // the fraction of all keys that loses its owner
	Heaviest int     // of the nodes that take keys over the one with the greatest Ratio, or -1 if nobody is left
	Ratio    float64 // its load then, over its fair share of all keys now; infinite if nobody is left
}

// Worst returns the loss after which a node has to carry the most, compared
// with its fair share now: the greater ratio, or the greater share if equal.
// It reports false if no group is lost by its keys, that is without keys.
func (s *Spill) Worst(l *Load) (worst Loss, ok bool) {
	for _, loss := range s.losses(l) {
		if loss.Heaviest < 0 {
			loss.Ratio = math.Inf(1)
		}
		if !ok || loss.worse(worst) {
			worst, ok = loss, true
		}
	}
	return worst, ok
}

func (a Loss) worse(b Loss) bool {
	if a.Ratio != b.Ratio {
		return a.Ratio > b.Ratio
	}
	return a.Share > b.Share || a.Share == b.Share && a.Group < b.Group
}

// losses returns the loss of every group that holds keys. The load is what all
// keys say; where it spills is what the counted ones say.
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
		if f.to < 0 {
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
