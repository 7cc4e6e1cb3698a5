package compare

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// Member is a node on one side of a change.
type Member struct {
	ID     string
	Weight float64
	Share  float64 // the fraction of all keys that the algorithm assigns to it
}

// Change counts the keys that move when the nodes change from one side to the
// other. Nodes with the same ID on both sides are the same node.
type Change struct {
	IDs    []string // of every node on either side, in ascending order
	before side
	after  side
	kept   []bool         // on both sides with the same weight
	flows  []atomic.Int64 // from the node at i/len(IDs) to the one at i%len(IDs); nil above MaxFlows

	counts
}

// counts are the sums over all keys of their weights.
type counts struct {
	keys, moved, survivors int64
	replicas, copied       int64
}

// side holds the nodes before or after the change.
type side struct {
	node   []int32   // from the index of a member to the index of its ID in IDs
	held   []int64   // by node
	share  []float64 // by node; 0 where it is not a member
	weight []float64 // by node; -1 where it is not a member
}

// MaxFlows is the maximum number of pairs of nodes for which moves are counted
// separately. A pair takes eight bytes, and the limit is reached with 2,048
// nodes on both sides together.
const MaxFlows = 1 << 22

// NewChange returns a Change that has counted nothing. [ChangeTally.Count]
// takes members by their indexes in before and after. The order of the members
// does not matter; the IDs of a side must be distinct.
func NewChange(before, after []Member) *Change {
	c := new(Change)
	for _, m := range slices.Concat(before, after) {
		c.IDs = append(c.IDs, m.ID)
	}
	slices.Sort(c.IDs)
	c.IDs = slices.Compact(c.IDs)
	c.before, c.after = c.newSide(before), c.newSide(after)
	c.kept = make([]bool, len(c.IDs))
	for i := range c.kept {
		c.kept[i] = c.before.weight[i] > 0 && c.before.weight[i] == c.after.weight[i]
	}
	if n := len(c.IDs); n*n <= MaxFlows {
		c.flows = make([]atomic.Int64, n*n)
	}
	return c
}

func (c *Change) newSide(members []Member) side {
	n := len(c.IDs)
	s := side{
		node: make([]int32, len(members)), held: make([]int64, n),
		share: make([]float64, n), weight: make([]float64, n),
	}
	for i := range s.weight {
		s.weight[i] = -1
	}
	for index, m := range members {
		i, _ := slices.BinarySearch(c.IDs, m.ID)
		s.node[index], s.share[i], s.weight[i] = int32(i), m.Share, m.Weight
	}
	return s
}

// ChangeTally is the count of one goroutine.
type ChangeTally struct {
	change        *Change
	before, after []int64
	pairs         []int64 // by the indexes of members before and after; nil above maxPairs
	counts
}

// maxPairs is the maximum number of pairs of members that a tally counts by itself, to
// bound its memory.
const maxPairs = 1 << 14

// NewTally returns a tally for one goroutine. Tallies may count concurrently.
func (c *Change) NewTally() *ChangeTally {
	t := &ChangeTally{change: c, before: make([]int64, len(c.IDs)), after: make([]int64, len(c.IDs))}
	if n := len(c.before.node) * len(c.after.node); n <= maxPairs {
		t.pairs = make([]int64, n)
	}
	return t
}

// Count counts a key whose node is the member at index before of the one side
// and the member at index after of the other, and reports whether the key moved.
// The key counts weight times: 1 if keys are counted, or its bytes or requests.
func (t *ChangeTally) Count(before, after int, weight int64) (moved bool) {
	c := t.change
	from, to := c.before.node[before], c.after.node[after]
	if t.pairs == nil {
		t.count(from, to, weight)
	} else {
		t.pairs[before*len(c.after.node)+after] += weight
	}
	return from != to
}

// CountAll counts keys like [ChangeTally.Count]. A negative index is a key without a
// node, which it skips. If weights is nil, every key counts once.
func (t *ChangeTally) CountAll(before, after []int, weights []int64) {
	if t.pairs == nil || weights != nil {
		for i, b := range before {
			if b >= 0 && after[i] >= 0 {
				weight := int64(1)
				if weights != nil {
					weight = weights[i]
				}
				t.Count(b, after[i], weight)
			}
		}
		return
	}
	pairs, columns := t.pairs, len(t.change.after.node)
	after = after[:len(before)]
	for i, b := range before {
		if a := after[i]; a >= 0 && b >= 0 {
			pairs[b*columns+a]++
		}
	}
}

// count counts a key whose node was at from of the IDs, and is at to.
func (t *ChangeTally) count(from, to int32, weight int64) {
	c := t.change
	t.keys += weight
	t.before[from] += weight
	t.after[to] += weight
	if from == to {
		return
	}
	t.moved += weight
	if c.kept[from] && c.kept[to] {
		t.survivors += weight
	}
	if c.flows != nil {
		c.flows[int(from)*len(c.IDs)+int(to)].Add(weight)
	}
}

// CountReplicas counts the replicas of a key, which are on the members at the
// indexes before of the one side and after of the other. A replica on a node
// that had none before must be copied.
func (t *ChangeTally) CountReplicas(before, after []int, weight int64) {
	c := t.change
	for _, a := range after {
		t.replicas += weight
		if !slices.ContainsFunc(before, func(b int) bool { return c.before.node[b] == c.after.node[a] }) {
			t.copied += weight
		}
	}
}

// Gather adds a tally whose goroutine has ended.
func (c *Change) Gather(t *ChangeTally) {
	for i, weight := range t.pairs {
		if n := len(c.after.node); weight != 0 {
			t.count(c.before.node[i/n], c.after.node[i%n], weight)
		}
	}
	c.keys += t.keys
	c.moved += t.moved
	c.survivors += t.survivors
	c.replicas += t.replicas
	c.copied += t.copied
	addTo(c.before.held, t.before)
	addTo(c.after.held, t.after)
}

func addTo(sum, x []int64) {
	for i := range sum {
		sum[i] += x[i]
	}
}

// Movement is the movement of keys by a change. Ideal and Excess are counts of
// the same keys as Moved, so they add no sampling error of their own.
type Movement struct {
	Keys  int64 // all keys counted
	Moved int64 // keys whose node changed
	// Ideal is the minimum number of keys that any algorithm must move to turn
	// the load before into the load after: the sum of the gains of the nodes.
	// Excess is Moved minus Ideal and never negative.
	Ideal, Excess int64
	// Survivors is the number of keys moved between two nodes that have the
	// same weight on both sides. None of these moves was necessary.
	Survivors int64
	// Replicas is the number of replicas after the change, and Copied the
	// number of those on a node that did not hold the key before. Both are 0 if
	// replicas were not counted.
	Replicas, Copied int64
	// Expected is the ideal as a fraction of all keys, computed from the
	// members' shares instead of counted keys: 1/(n+1) if a node is added to n
	// nodes of equal weight.
	Expected float64
	Nodes    []NodeChange // by ascending ID
	Flows    []Flow       // by descending Keys; nil if there are too many nodes, see MaxFlows
}

// NodeChange is the effect of a change on one node.
type NodeChange struct {
	ID            string
	Kind          Kind
	Before, After int64 // keys
}

// Kind says how a node changed.
type Kind string

// The kinds of change. Draining a node reweights it.
const (
	Kept       Kind = "kept"
	Added      Kind = "added"
	Removed    Kind = "removed"
	Reweighted Kind = "reweighted"
)

// Flow is the number of keys that moved from one node to another.
type Flow struct {
	From, To string
	Keys     int64
}

// Movement returns the statistics of all gathered tallies.
func (c *Change) Movement() *Movement {
	m := &Movement{Keys: c.keys, Moved: c.moved, Survivors: c.survivors, Replicas: c.replicas, Copied: c.copied}
	for i, id := range c.IDs {
		m.Nodes = append(m.Nodes, NodeChange{id, c.kind(i), c.before.held[i], c.after.held[i]})
		m.Ideal += max(0, c.after.held[i]-c.before.held[i])
		m.Expected += max(0, c.after.share[i]-c.before.share[i])
	}
	m.Excess = m.Moved - m.Ideal
	m.Flows = c.sortedFlows()
	return m
}

func (c *Change) kind(i int) Kind {
	before, after := c.before.weight[i], c.after.weight[i]
	switch {
	case before < 0:
		return Added
	case after < 0:
		return Removed
	case before != after:
		return Reweighted
	default:
		return Kept
	}
}

func (c *Change) sortedFlows() []Flow {
	if c.flows == nil {
		return nil
	}
	flows := []Flow{}
	n := len(c.IDs)
	for i := range c.flows {
		if keys := c.flows[i].Load(); keys > 0 {
			flows = append(flows, Flow{c.IDs[i/n], c.IDs[i%n], keys})
		}
	}
	// Flows are in ascending order of both IDs, which breaks ties.
	slices.SortStableFunc(flows, func(a, b Flow) int { return cmp.Compare(b.Keys, a.Keys) })
	return flows
}

// Fraction returns keys as a fraction of all keys counted, or 0 if none were.
func (m *Movement) Fraction(keys int64) float64 {
	if m.Keys == 0 {
		return 0
	}
	return float64(keys) / float64(m.Keys)
}
