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
	Share  float64 // the fraction of all keys that the scheme gives it
}

// Change counts what moves when the nodes change from one side to the other.
// A node is the same on both sides if its ID is.
type Change struct {
	IDs    []string // of every node on either side, in ascending order
	before side
	after  side
	kept   []bool         // on both sides with the same weight
	flows  []atomic.Int64 // from the node at i/len(IDs) to that at i%len(IDs); nil if that is too many

	keys, moved, survivors int64
}

// side is the nodes as they are before or after.
type side struct {
	node   []int32   // from the place of a member to the place of its ID in IDs
	held   []int64   // by node
	share  []float64 // by node; 0 where it is not a member
	weight []float64 // by node; -1 where it is not a member
}

// MaxFlows bounds the pairs of nodes between which moves are counted one by
// one, as they take eight bytes each: 2,048 nodes on both sides together.
const MaxFlows = 1 << 22

// NewChange prepares to count. Members are known by their places in the
// slices, whose order does not matter; their IDs must differ.
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
	for place, m := range members {
		i, _ := slices.BinarySearch(c.IDs, m.ID)
		s.node[place], s.share[i], s.weight[i] = int32(i), m.Share, m.Weight
	}
	return s
}

// ChangeTally counts for one goroutine.
type ChangeTally struct {
	change                 *Change
	before, after          []int64
	keys, moved, survivors int64
}

// NewTally returns a tally for one goroutine. Any number may count at once.
func (c *Change) NewTally() *ChangeTally {
	return &ChangeTally{change: c, before: make([]int64, len(c.IDs)), after: make([]int64, len(c.IDs))}
}

// Count counts a key that goes from the member at one place before to the
// member at the other after, and reports whether that is another node.
func (t *ChangeTally) Count(before, after int) (moved bool) {
	c := t.change
	from, to := c.before.node[before], c.after.node[after]
	t.keys++
	t.before[from]++
	t.after[to]++
	if from == to {
		return false
	}
	t.moved++
	if c.kept[from] && c.kept[to] {
		t.survivors++
	}
	if c.flows != nil {
		c.flows[int(from)*len(c.IDs)+int(to)].Add(1)
	}
	return true
}

// Gather adds a tally whose goroutine has ended.
func (c *Change) Gather(t *ChangeTally) {
	c.keys += t.keys
	c.moved += t.moved
	c.survivors += t.survivors
	addTo(c.before.held, t.before)
	addTo(c.after.held, t.after)
}

func addTo(sum, x []int64) {
	for i := range sum {
		sum[i] += x[i]
	}
}

// Movement is what a change moved. Ideal and Excess count these very keys, so
// that they have no error of their own.
type Movement struct {
	Keys  int64 // all that were counted
	Moved int64 // keys that have another node than before
	// Ideal is the least number of keys that any scheme would have had to move
	// to get from the load before to the load after: the sum of what nodes
	// gained. Moved less that is Excess, which is never negative.
	Ideal, Excess int64
	// Survivors are keys moved between two nodes that are on both sides with
	// one weight. Nothing happened to either, so each is one too many.
	Survivors int64
	// Expected is the ideal as a fraction, worked out from the shares that the
	// scheme gives the nodes and not from keys: 1/(n+1) if one equal node is
	// added to n.
	Expected float64
	Nodes    []NodeChange // by ascending ID
	Flows    []Flow       // the greatest first; nil if there are too many nodes, see MaxFlows
}

// NodeChange is what a change did to one node.
type NodeChange struct {
	ID            string
	Kind          Kind
	Before, After int64 // keys
}

// Kind is what happened to a node.
type Kind string

// What happens to nodes. To drain a node is to reweight it.
const (
	Kept       Kind = "kept"
	Added      Kind = "added"
	Removed    Kind = "removed"
	Reweighted Kind = "reweighted"
)

// Flow is how many keys went from one node to another.
type Flow struct {
	From, To string
	Keys     int64
}

// Movement returns the figures, after every tally was gathered.
func (c *Change) Movement() *Movement {
	m := &Movement{Keys: c.keys, Moved: c.moved, Survivors: c.survivors}
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
	// They are in ascending order of both IDs, which settles ties.
	slices.SortStableFunc(flows, func(a, b Flow) int { return cmp.Compare(b.Keys, a.Keys) })
	return flows
}

// Fraction returns keys over all keys counted, or 0 without any.
func (m *Movement) Fraction(keys int64) float64 {
	if m.Keys == 0 {
		return 0
	}
	return float64(keys) / float64(m.Keys)
}
