package mapper_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/ring"
)

// selector is a value that owners are read from.
type selector interface {
	Select(key string) (mapper.Node, bool)
}

// algorithms build the values that a slow start is tried with.
var algorithms = map[string]func([]mapper.Node) (selector, error){
	"set":  func(nodes []mapper.Node) (selector, error) { return rendezvous.Build(nodes) },
	"ring": func(nodes []mapper.Node) (selector, error) { return ring.Build(nodes) },
}

// with returns the node with a time in its metadata.
func with(n mapper.Node, key string, t time.Time) mapper.Node {
	n = n.Clone()
	if n.Meta == nil {
		n.Meta = map[string]string{}
	}
	n.Meta[key] = t.Format(time.RFC3339)
	return n
}

// moves follows the owners of sample keys through the values of a View.
type moves struct {
	keys   []string
	owners []string
	count  []int    // of the moves of each key
	steps  []int    // the keys moved by each value that moved any
	via    []string // the owners between the first and the last of keys that moved twice
}

func newMoves(s selector) *moves {
	m := &moves{}
	for i := range 4000 {
		m.keys = append(m.keys, fmt.Sprintf("key-%d", i))
	}
	m.count = make([]int, len(m.keys))
	m.owners = ownersOf(s, m.keys)
	return m
}

func ownersOf(s selector, keys []string) (owners []string) {
	for _, key := range keys {
		n, _ := s.Select(key)
		owners = append(owners, n.Name)
	}
	return owners
}

func (m *moves) next(s selector) {
	moved := 0
	for i, owner := range ownersOf(s, m.keys) {
		if owner == m.owners[i] {
			continue
		}
		moved++
		if m.count[i]++; m.count[i] > 1 {
			m.via = append(m.via, m.owners[i])
		}
		m.owners[i] = owner
	}
	if moved > 0 {
		m.steps = append(m.steps, moved)
	}
}

func (m *moves) total() (n int) {
	for _, c := range m.count {
		n += c
	}
	return n
}

// most returns the most keys that one step after the first moved.
func (m *moves) most() (n int) {
	for _, moved := range m.steps[1:] {
		n = max(n, moved)
	}
	return n
}

// following follows src for a time, and returns the moves that it caused.
func following(t *testing.T, src *watched, over time.Duration, build func([]mapper.Node) (selector, error), change func()) *moves {
	t.Helper()
	view, err := mapper.Follow(t.Context(), &mapper.SlowStart{Source: src, Over: over}, build)
	require.NoError(t, err)
	defer view.Close()
	synctest.Wait()
	m := newMoves(view.Value())
	for change(); ; {
		changed := view.Changed()
		m.next(view.Value())
		select {
		case <-changed:
		case <-time.After(2 * over): // no step is left
			return m
		}
	}
}

func TestSlowStartMovesEachKeyOnce(t *testing.T) {
	t.Parallel()
	before := nodesOf("a b c d e f g:2 h:0.5")
	for name, build := range algorithms {
		t.Run(name+", a node starts", func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				src := newWatched("")
				src.put(before, nil)
				after := append(mapper.Clone(before), with(mapper.Node{Name: "x", Weight: 1.5}, mapper.MetaStartAt, time.Now()))
				m := following(t, src, 5*time.Minute, build, func() { src.put(after, nil) })
				atOnce, err := build(after)
				require.NoError(t, err)
				require.Equal(t, ownersOf(atOnce, m.keys), m.owners, "the end is that of one step")
				require.Empty(t, m.via, "no key moves twice")
				require.Equal(t, moved(t, build, before, after, m.keys), m.total())
				require.Len(t, m.steps, 17, "the floor, and 16 steps of 1%%: %v", m.steps)
				require.Less(t, m.most(), len(m.keys)*2/100, "a sample of steps of 1%%: %v", m.steps)
			})
		})
		t.Run(name+", a node drains", func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				src := newWatched("")
				src.put(before, nil)
				after := mapper.Clone(before)
				after[2] = with(after[2], mapper.MetaDrainAt, time.Now().Add(10*time.Second))
				m := following(t, src, 5*time.Minute, build, func() { src.put(after, nil) })
				require.NotContains(t, m.owners, "c", "it is drained")
				require.Empty(t, m.via, "no key moves twice")
				after[2].Drain = true
				require.Equal(t, moved(t, build, before, after, m.keys), m.total())
				require.Len(t, m.steps, 16)
				require.Less(t, m.most(), len(m.keys)*16/1000, "a sample of steps of 1%%: %v", m.steps)
			})
		})
		t.Run(name+", two nodes start", func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				src := newWatched("")
				src.put(before, nil)
				after := mapper.Clone(before)
				for _, name := range []string{"x", "y"} {
					after = append(after, with(mapper.Node{Name: name}, mapper.MetaStartAt, time.Now()))
				}
				m := following(t, src, 5*time.Minute, build, func() { src.put(after, nil) })
				once := moved(t, build, before, after, m.keys)
				require.Equal(t, once, m.total()-len(m.via), "old nodes lose what one step would have moved")
				require.Subset(t, []string{"x", "y"}, m.via, "keys that move twice do so between new nodes")
				if name == "set" {
					require.Empty(t, m.via, "nodes of one start do not take keys from each other")
				}
				require.Less(t, len(m.via), once/5)
			})
		})
	}
}

// moved returns how many keys one step from one set of nodes to another moves.
func moved(t *testing.T, build func([]mapper.Node) (selector, error), before, after []mapper.Node, keys []string) (n int) {
	t.Helper()
	from, err := build(before)
	require.NoError(t, err)
	to, err := build(after)
	require.NoError(t, err)
	old := ownersOf(from, keys)
	for i, owner := range ownersOf(to, keys) {
		if owner != old[i] {
			n++
		}
	}
	return n
}

// TestSlowStartDependsOnNoObserver has clients that see the node at different
// times and in other orders.
func TestSlowStartDependsOnNoObserver(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		nodes := append(nodesOf("a b c"), with(mapper.Node{Name: "x"}, mapper.MetaStartAt, time.Now()))
		reversed := []mapper.Node{nodes[3], nodes[2], nodes[1], nodes[0]}
		early := &mapper.SlowStart{Source: source(nodes), Over: time.Minute}
		tape := record(t, early)
		for range 10 {
			time.Sleep(7 * time.Second)
			synctest.Wait()
			late := &mapper.SlowStart{Source: source(reversed), Over: time.Minute}
			u, err := mapper.Ask(t.Context(), late)
			require.NoError(t, err)
			tape.mu.Lock()
			require.InDelta(t, tape.nodes[3].Capacity(), u.Nodes[0].Capacity(), 0)
			tape.mu.Unlock()
		}
		require.InDelta(t, 1, tape.nodes[3].Capacity(), 0)
	})
}

func source(nodes []mapper.Node) mapper.Mapper {
	return mapper.Func(func(context.Context) ([]mapper.Node, error) { return mapper.Clone(nodes), nil })
}

func TestSlowStartWeights(t *testing.T) {
	t.Parallel()
	const over = 100 * time.Second
	start, drain := mapper.MetaStartAt, mapper.MetaDrainAt
	at := func(n mapper.Node, key string, seconds int) func(time.Time) mapper.Node {
		return func(now time.Time) mapper.Node { return with(n, key, now.Add(time.Duration(seconds)*time.Second)) }
	}
	cases := []struct {
		name string
		node func(now time.Time) mapper.Node
		want float64
	}{
		{"no times", func(time.Time) mapper.Node { return mapper.Node{Weight: 2} }, 2},
		{"a drain without a time is at once", func(time.Time) mapper.Node { return mapper.Node{Weight: 2, Drain: true} }, 0},
		{"just started", at(mapper.Node{Weight: 2}, start, 0), 0.2},
		{"a start in the future", at(mapper.Node{Weight: 2}, start, 1000), 0.2},
		{"half of the time", at(mapper.Node{Weight: 2}, start, -50), 1.1},
		{"after the time", at(mapper.Node{Weight: 2}, start, -100), 2},
		{"long ago", at(mapper.Node{Weight: 2}, start, -1e9), 2},
		{"started and drained", at(mapper.Node{Drain: true}, start, 0), 0},
		{"a drain in the future", at(mapper.Node{Weight: 2}, drain, 10), 2},
		{"a drain in the future, marked", at(mapper.Node{Weight: 2, Drain: true}, drain, 10), 2},
		{"half a drain", at(mapper.Node{Weight: 2}, drain, -50), 1},
		{"half a drain, marked", at(mapper.Node{Weight: 2, Drain: true}, drain, -50), 1},
		{"a drain is over", at(mapper.Node{Weight: 2}, drain, -100), 0},
		{"a drain during a start goes on from there", func(now time.Time) mapper.Node {
			return with(with(mapper.Node{Weight: 2}, start, now.Add(-75*time.Second)), drain, now.Add(-25*time.Second))
		}, 1.1 * 0.75},
		{"the least weight does not count as 1", at(mapper.Node{Weight: math.SmallestNonzeroFloat64}, start, 0), math.SmallestNonzeroFloat64},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				n := c.node(time.Now())
				n.Name = "x"
				rest := mapper.Node{Name: "a", Weight: 1000 * n.Weight} // many steps are not needed, and 8 hit the cases
				slow := &mapper.SlowStart{Source: source([]mapper.Node{rest, n}), Over: over, MaxStep: 1.0 / 4096}
				got, err := slow.Nodes(t.Context())
				require.NoError(t, err)
				require.InDelta(t, c.want, got[1].Capacity(), 1e-12)
				if c.want > 0 {
					require.Positive(t, got[1].Capacity())
				}
			})
		})
	}
}

// TestSlowStartSteps: a ramp has the least power of two of steps such that none moves
// more than MaxStep of the keys, and at most 1024.
func TestSlowStartSteps(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, nodes, key string
		floor, maxStep   float64
		want             int
	}{
		{"a drain of half of the weight by quarters", "a x", mapper.MetaDrainAt, 0, 0.25, 4},
		{"a start of most of the weight, from half of it", "a x:4", mapper.MetaStartAt, 0.5, 0.25, 4}, // by 2/3 of the least total
		{"as many steps as there can be", "a x", mapper.MetaStartAt, 0, 1e-6, 1024},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				const over = 1024 * time.Second
				nodes := nodesOf(c.nodes)
				nodes[1] = with(nodes[1], c.key, time.Now())
				tape := record(t, &mapper.SlowStart{Source: source(nodes), Over: over, Floor: c.floor, MaxStep: c.maxStep})
				require.Equal(t, "[a x]", tape.take())
				require.Equal(t, c.want, strings.Count(tape.after(over), "[a x]"))
			})
		})
	}
}

func TestSlowStartTimesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	nodes := []mapper.Node{
		{Name: "a", Meta: map[string]string{mapper.MetaStartAt: "yesterday"}},
		{Name: "b", Drain: true, Meta: map[string]string{mapper.MetaDrainAt: "1767225600"}},
	}
	u, err := mapper.Ask(t.Context(), &mapper.SlowStart{Source: source(nodes), Over: time.Minute})
	require.NoError(t, err)
	require.Equal(t, nodes, u.Nodes)
	require.EqualError(t, u.Partial(), `the set is partial, records left out: 2: node "a": start_at "yesterday" is not a time like 2026-01-02T15:04:05Z; `+
		`node "b": drain_at "1767225600" is not a time like 2026-01-02T15:04:05Z`)
}

func TestSlowStartRejectsValuesWithoutMeaning(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]*mapper.SlowStart{
		"slow start: Over -1ns: must not be negative":           {Over: -1},
		"slow start: Floor NaN: must be a fraction from 0 to 1": {Floor: math.NaN()},
		"slow start: Floor 1.5: must be a fraction from 0 to 1": {Floor: 1.5},
		"slow start: MaxStep -1: must be a share from 0 to 1":   {MaxStep: -1},
	} {
		s.Source = source(nil)
		_, err := s.Nodes(t.Context())
		assert.EqualError(t, err, want)
		ctx, cancel := context.WithCancel(t.Context())
		var got []string
		for u := range s.Watch(ctx) {
			got = append(got, u.Err.Error())
			cancel()
		}
		cancel()
		assert.Equal(t, []string{want}, got)
	}
}

func TestSlowStartAcceptsTheGreatestFractions(t *testing.T) {
	t.Parallel()
	nodes, err := (&mapper.SlowStart{Source: newWatched("a b"), Over: time.Minute, Floor: 1, MaxStep: 1}).Nodes(t.Context())
	require.Equal(t, "[a b]", words(nodes, err))
}

// TestSlowStartGoesOnDuringAnOutage: the times are known, so a source that fails
// does not hold up the steps.
func TestSlowStartGoesOnDuringAnOutage(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("")
		tape := record(t, &mapper.SlowStart{Source: src, Over: time.Minute})
		src.put(append(nodesOf("a"), with(mapper.Node{Name: "x"}, mapper.MetaStartAt, time.Now())), nil)
		require.Equal(t, "[] [a x]", tape.take())
		src.fail(errDown)
		require.Equal(t, "!down", tape.take())
		time.Sleep(time.Minute)
		require.Contains(t, tape.take(), "[a x] !down")
		require.InDelta(t, 1, tape.nodes[1].Capacity(), 0)
		require.Empty(t, tape.after(time.Hour), "no step is left")
	})
}
