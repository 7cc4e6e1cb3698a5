package ring

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
	"github.com/proxenos/proxenos/rendezvous"
)

func newBalancer(t *testing.T, bound float64, nodes ...weighted) *Balancer[weighted] {
	t.Helper()
	r, err := New(nodes, weightedConfig)
	require.NoError(t, err)
	b, err := NewBalancer(r, balancerConfig(bound))
	require.NoError(t, err)
	return b
}

func balancerConfig(bound float64) BalancerConfig[weighted] {
	return BalancerConfig[weighted]{ID: weightedConfig.ID, Capacity: weightedConfig.Capacity, Bound: bound}
}

func TestNewBalancerRefuses(t *testing.T) {
	t.Parallel()
	r, err := New([]weighted{{"a", 1}}, weightedConfig)
	require.NoError(t, err)
	for _, c := range []struct {
		name    string
		ranking Ranking[weighted]
		cfg     BalancerConfig[weighted]
		want    error
	}{
		{"no bound", r, balancerConfig(0), ErrBound},
		{"just below 1", r, balancerConfig(math.Nextafter(1, 0)), ErrBound},
		{"negative", r, balancerConfig(-2), ErrBound},
		{"not a number", r, balancerConfig(math.NaN()), ErrBound},
		{"infinite", r, balancerConfig(math.Inf(1)), ErrBound},
		{"no ranking", nil, balancerConfig(1), ErrNoRanking},
		{"no ID function", r, BalancerConfig[weighted]{Bound: 1}, ErrNoID},
		{"a negative capacity", r, BalancerConfig[weighted]{Bound: 1, ID: weightedConfig.ID, Capacity: func(weighted) float64 { return -1 }}, ErrWeight},
		{"an ID twice", list{{"a", 1}, {"a", 1}}, balancerConfig(1), ErrDuplicateID},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := NewBalancer(c.ranking, c.cfg)
			require.ErrorIs(t, err, c.want)
			assert.Nil(t, b)
		})
	}
}

// list ranks its nodes in the same order for every key.
type list []weighted

func (l list) Rank(string) iter.Seq[weighted] { return slices.Values(l) }

func TestBalancerByHand(t *testing.T) {
	t.Parallel()
	b, err := NewBalancer(list{{"a", 1}, {"b", 1}, {"c", 2}}, balancerConfig(1))
	require.NoError(t, err)
	var got []string
	for range 8 {
		lease, ok := b.Acquire("hot")
		require.True(t, ok)
		got = append(got, lease.Node().id)
	}
	// With the (m+1)th lease a and b may hold ceil((m+1)/4), c ceil((m+1)/2).
	assert.Equal(t, []string{"a", "b", "c", "c", "a", "b", "c", "c"}, got)
	assert.Equal(t, map[string]int{"a": 2, "b": 2, "c": 4}, b.Loads())
}

func TestReleaseOnce(t *testing.T) {
	t.Parallel()
	b := newBalancer(t, 1.25, weighted{"a", 1})
	first, ok := b.Acquire("key")
	require.True(t, ok)
	second := first
	assert.True(t, second.Release())
	assert.False(t, first.Release(), "a copy is the same lease")
	again, ok := b.Acquire("key")
	require.True(t, ok)
	assert.False(t, first.Release(), "its ticket has another lease now")
	assert.Equal(t, map[string]int{"a": 1}, b.Loads())
	assert.True(t, again.Release())
	assert.False(t, Lease[weighted]{}.Release(), "the zero lease")
	assert.Equal(t, map[string]int{"a": 0}, b.Loads())
}

func TestNoNodeToLease(t *testing.T) {
	t.Parallel()
	none := func(ranking Ranking[weighted]) {
		b, err := NewBalancer(ranking, balancerConfig(1))
		require.NoError(t, err)
		_, ok := b.Acquire("key")
		assert.False(t, ok)
	}
	empty, err := New(nil, weightedConfig)
	require.NoError(t, err)
	none(empty)
	none(list{{"of capacity 0", 0}})
}

// TestBoundHolds acquires and releases leases at random, and computes the bound of
// each independently.
func TestBoundHolds(t *testing.T) {
	t.Parallel()
	for _, bound := range []float64{1, 1.1, 1.25, 2, 100} {
		for seed := range uint64(6) {
			t.Run(fmt.Sprintf("%v/%d", bound, seed), func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(seed, 1))
				nodes := randomNodes(rnd)
				nodes = append(nodes, weighted{"not drained", 1})
				b := newBalancer(t, bound, nodes...)
				total := 0.0
				for _, n := range nodes {
					total += n.capacity
				}
				var held []Lease[weighted]
				loads := map[string]int{}
				for range 3000 {
					if len(held) > 0 && rnd.IntN(3) == 0 {
						i := rnd.IntN(len(held))
						require.True(t, held[i].Release())
						loads[held[i].Node().id]--
						held = slices.Delete(held, i, i+1)
						continue
					}
					lease, ok := b.Acquire(fmt.Sprint(rnd.IntN(3)))
					require.True(t, ok, "there is always room")
					n := lease.Node()
					limit := math.Ceil(bound * float64(len(held)+1) * n.capacity / total)
					held = append(held, lease)
					loads[n.id]++
					require.LessOrEqual(t, float64(loads[n.id]), limit)
				}
				for id, n := range b.Loads() {
					require.Equal(t, loads[id], n, id)
				}
			})
		}
	}
}

// TestCapacitiesOfTheRanking compares a Balancer without Capacity with one that
// has the capacities of its ranking.
func TestCapacitiesOfTheRanking(t *testing.T) {
	t.Parallel()
	nodes := []weighted{{"a", 1}, {"b", 7}, {"c", 2}, {"d", 0}}
	r, err := New(nodes, weightedConfig)
	require.NoError(t, err)
	set, err := rendezvous.New(nodes, rendezvous.Config[weighted]{ID: weightedConfig.ID, Weight: weightedConfig.Capacity})
	require.NoError(t, err)
	table, err := set.Table(8)
	require.NoError(t, err)
	reweighted, err := r.Reweight("a", 20)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		ranking Ranking[weighted]
		want    map[string]int
	}{
		"ring":            {r, map[string]int{"a": 10, "b": 70, "c": 20}},
		"reweighted ring": {reweighted, map[string]int{"a": 69, "b": 24, "c": 7}},
		"set":             {set, map[string]int{"a": 10, "b": 70, "c": 20}},
		"table":           {table, map[string]int{"a": 10, "b": 70, "c": 20}},
		"no capacities":   {list(nodes[:3]), map[string]int{"a": 34, "b": 33, "c": 33}},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := NewBalancer(c.ranking, BalancerConfig[weighted]{ID: weightedConfig.ID, Bound: 1})
			require.NoError(t, err)
			for range 100 {
				_, ok := b.Acquire("hot")
				require.True(t, ok)
			}
			for id, want := range c.want {
				assert.InDelta(t, want, b.Loads()[id], 1, id)
			}
		})
	}
}

// TestAcquireFuncSkipsNodes: a node that is not allowed gets no lease, even if it
// alone has room.
func TestAcquireFuncSkipsNodes(t *testing.T) {
	t.Parallel()
	b, err := NewBalancer(list{{"a", 1}, {"b", 1}, {"c", 1}}, balancerConfig(1))
	require.NoError(t, err)
	failed, ok := b.Acquire("key")
	require.True(t, ok)
	require.Equal(t, "a", failed.Node().id)
	require.True(t, failed.Release())
	notFailed := func(n weighted) bool { return n != failed.Node() }
	var got []string
	for range 2 {
		lease, ok := b.AcquireFunc("key", notFailed)
		require.True(t, ok)
		got = append(got, lease.Node().id)
	}
	assert.Equal(t, []string{"b", "c"}, got)
	_, ok = b.AcquireFunc("key", notFailed)
	assert.False(t, ok, "b and c may hold ceil(3/3)")
	_, ok = b.AcquireFunc("key", func(weighted) bool { return false })
	assert.False(t, ok)
	lease, ok := b.AcquireFunc("key", nil)
	require.True(t, ok)
	assert.Equal(t, "a", lease.Node().id)
}

// TestAcquireFuncIsFirstAllowedWithRoom compares AcquireFunc with its definition
// on the order of a ring.
func TestAcquireFuncIsFirstAllowedWithRoom(t *testing.T) {
	t.Parallel()
	nodes := []weighted{{"a", 1}, {"b", 2}, {"c", 1}, {"d", 1}, {"e", 3}}
	r, err := New(nodes, weightedConfig)
	require.NoError(t, err)
	b, err := NewBalancer(r, balancerConfig(1.2))
	require.NoError(t, err)
	rnd := rand.New(rand.NewPCG(4, 4))
	loads, m, refused := map[string]int{}, 0, 0
	for range 1000 {
		allowed := map[string]bool{}
		for _, n := range nodes {
			allowed[n.id] = rnd.IntN(2) == 0
		}
		key := fmt.Sprint(rnd.IntN(5))
		want := ""
		for n := range r.Rank(key) {
			if allowed[n.id] && float64(loads[n.id]) < math.Ceil(1.2*float64(m+1)*n.capacity/8) {
				want = n.id
				break
			}
		}
		lease, ok := b.AcquireFunc(key, func(n weighted) bool { return allowed[n.id] })
		require.Equal(t, want != "", ok)
		if !ok {
			refused++
			continue
		}
		require.Equal(t, want, lease.Node().id)
		loads[want]++
		m++
	}
	assert.Positive(t, refused)
	assert.Greater(t, m, 500)
}

func TestMaxLoad(t *testing.T) {
	t.Parallel()
	cfg := balancerConfig(2)
	most := map[string]int{"a": 3, "b": 1}
	cfg.MaxLoad = func(n weighted) int { return most[n.id] }
	b, err := NewBalancer(list{{"a", 1}, {"b", 1}}, cfg)
	require.NoError(t, err)
	var got []string
	for range 4 {
		lease, ok := b.Acquire("key")
		require.True(t, ok)
		got = append(got, lease.Node().id)
	}
	assert.ElementsMatch(t, []string{"a", "a", "a", "b"}, got)
	_, ok := b.Acquire("key")
	assert.False(t, ok, "both have their greatest load")
	most["b"] = 0
	require.NoError(t, b.Update(list{{"a", 1}, {"b", 1}}))
	lease, ok := b.Acquire("key")
	require.True(t, ok)
	assert.Equal(t, "b", lease.Node().id, "0 is no limit")
	most["a"] = -1
	err = b.Update(list{{"a", 1}, {"b", 1}})
	require.ErrorIs(t, err, ErrMaxLoad)
	assert.EqualError(t, err, `node "a": maximum load -1: the maximum load must be 0 or more`)
	assert.Equal(t, map[string]int{"a": 3, "b": 2}, b.Loads(), "a refused update changes nothing")
}

// TestBoundOverAllCapacities: only the ratio of capacities matters, from the
// smallest number to the greatest capacity.
func TestBoundOverAllCapacities(t *testing.T) {
	t.Parallel()
	sequence := func(unit float64) (ids []string) {
		b, err := NewBalancer(list{{"a", unit}, {"b", unit}, {"c", 2 * unit}}, balancerConfig(1.25))
		require.NoError(t, err)
		for range 200 {
			lease, ok := b.Acquire("hot")
			require.True(t, ok)
			ids = append(ids, lease.Node().id)
		}
		return ids
	}
	want := sequence(1)
	for _, unit := range []float64{math.SmallestNonzeroFloat64, 0x1p-1030, 0x1p-1000, 0x1p660} {
		assert.Equal(t, want, sequence(unit), "%g", unit)
	}
}

// TestFirstWithRoom checks that a lease never skips a node with room.
func TestFirstWithRoom(t *testing.T) {
	t.Parallel()
	nodes := []weighted{{"a", 1}, {"b", 2}, {"c", 1}, {"d", 1}}
	r, err := New(nodes, weightedConfig)
	require.NoError(t, err)
	b, err := NewBalancer(r, balancerConfig(1.3))
	require.NoError(t, err)
	loads := map[string]int{}
	for m := range 500 {
		key := fmt.Sprint(m % 7)
		var want weighted
		for n := range r.Rank(key) {
			if float64(loads[n.id]) < math.Ceil(1.3*float64(m+1)*n.capacity/5) {
				want = n
				break
			}
		}
		lease, ok := b.Acquire(key)
		require.True(t, ok)
		require.Equal(t, want, lease.Node())
		loads[want.id]++
	}
}

func TestLeasesSurviveUpdate(t *testing.T) {
	t.Parallel()
	b, err := NewBalancer(list{{"a", 1}, {"b", 1}}, balancerConfig(1))
	require.NoError(t, err)
	var leases []Lease[weighted]
	for range 4 {
		lease, ok := b.Acquire("key")
		require.True(t, ok)
		leases = append(leases, lease)
	}
	require.Equal(t, map[string]int{"a": 2, "b": 2}, b.Loads())

	require.NoError(t, b.Update(list{{"b", 1}, {"c", 1}}))
	assert.Equal(t, map[string]int{"a": 2, "b": 2, "c": 0}, b.Loads(), "a has left and still holds two")
	lease, ok := b.Acquire("key")
	require.True(t, ok)
	assert.Equal(t, "c", lease.Node().id, "b is full with ceil(3/2)")
	require.True(t, leases[0].Release())
	assert.Equal(t, map[string]int{"a": 1, "b": 2, "c": 1}, b.Loads())

	require.ErrorIs(t, b.Update(list{{"", 1}}), ErrEmptyID)
	assert.Equal(t, map[string]int{"a": 1, "b": 2, "c": 1}, b.Loads(), "a refused update changes nothing")

	require.NoError(t, b.Update(list{{"a", 1}}))
	assert.Equal(t, map[string]int{"a": 1, "b": 2, "c": 1}, b.Loads(), "a is back with its count")
	for _, l := range append(leases[1:], lease) {
		require.True(t, l.Release())
	}
	assert.Equal(t, map[string]int{"a": 0}, b.Loads())
	require.NoError(t, b.Update(list{{"a", 1}}))
	assert.Len(t, b.loads, 1, "nothing is kept of removed nodes")
}

// TestConcurrentUse acquires leases from many goroutines while nodes change.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	nodes := []weighted{{"a", 1}, {"b", 1}, {"c", 2}, {"d", 1}}
	b := newBalancer(t, 1, nodes...)
	some, err := New(nodes[:3], weightedConfig)
	require.NoError(t, err)
	all, err := New(nodes, weightedConfig)
	require.NoError(t, err)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			var held []Lease[weighted]
			for i := range 2000 {
				lease, ok := b.Acquire(fmt.Sprint("hot", i%2))
				if !assert.True(t, ok, "there is always room") {
					return
				}
				if held = append(held, lease); len(held) > 5 {
					assert.True(t, held[0].Release())
					held = held[1:]
				}
				if g == 0 && i%10 == 0 {
					assert.NoError(t, b.Update([]Ranking[weighted]{some, all}[i/10%2]))
				}
			}
			for _, lease := range held {
				assert.True(t, lease.Release())
			}
		})
	}
	wg.Wait()
	require.NoError(t, b.Update(all))
	assert.Equal(t, map[string]int{"a": 0, "b": 0, "c": 0, "d": 0}, b.Loads())
	assert.Zero(t, b.held)
}

// TestConcurrentBound acquires leases from many goroutines and releases none.
func TestConcurrentBound(t *testing.T) {
	t.Parallel()
	nodes := []weighted{{"a", 1}, {"b", 3}, {"c", 2}}
	b := newBalancer(t, 1.1, nodes...)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				_, ok := b.Acquire("hot")
				assert.True(t, ok)
			}
		})
	}
	wg.Wait()
	loads := b.Loads()
	for _, n := range nodes {
		assert.LessOrEqual(t, float64(loads[n.id]), math.Ceil(1.1*4000*n.capacity/6), n.id)
	}
}

func TestAcquireDoesNotAllocate(t *testing.T) {
	b := newBalancer(t, 2, weighted{"a", 1}, weighted{"b", 1})
	alloctest.None(t, func() {
		lease, ok := b.Acquire("key")
		if !ok || !lease.Release() {
			t.Fatal("no lease")
		}
	})
}

// TestIndependentClients checks the bound in the documentation of Balancer for
// clients that count their own leases.
func TestIndependentClients(t *testing.T) {
	t.Parallel()
	nodes := []weighted{{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1}}
	const clients, bound = 4, 1.25
	loads, given := map[string]int{}, 0
	for client := range clients {
		b := newBalancer(t, bound, nodes...)
		for range 100 * (client + 1) {
			lease, ok := b.Acquire("hot")
			require.True(t, ok)
			loads[lease.Node().id]++
			given++
		}
	}
	for _, n := range nodes {
		assert.LessOrEqual(t, float64(loads[n.id]), bound*float64(given+clients)/5+clients)
	}
}

// TestReleaseOfARemovedNode: leases on a removed node do not count, so releasing
// them takes no room from the others.
func TestReleaseOfARemovedNode(t *testing.T) {
	t.Parallel()
	b, err := NewBalancer(list{{"a", 1}, {"b", 1}}, balancerConfig(1))
	require.NoError(t, err)
	var onA []Lease[weighted]
	for range 4 {
		lease, ok := b.Acquire("key")
		require.True(t, ok)
		if lease.Node().id == "a" {
			onA = append(onA, lease)
		}
	}
	require.Len(t, onA, 2)
	require.NoError(t, b.Update(list{{"b", 1}, {"c", 1}}))
	for _, lease := range onA {
		require.True(t, lease.Release())
		require.False(t, lease.Release())
	}
	assert.Equal(t, 2, b.held, "of b")
	var got []string
	for range 4 {
		lease, ok := b.Acquire("key")
		require.True(t, ok, "limits add up to more than the leases of b and c")
		got = append(got, lease.Node().id)
	}
	assert.Equal(t, []string{"c", "c", "b", "c"}, got)
	assert.Equal(t, map[string]int{"b": 3, "c": 3}, b.Loads())
}

// TestRemovedNodeComesBack: it has the leases that were not released meanwhile.
func TestRemovedNodeComesBack(t *testing.T) {
	t.Parallel()
	b, err := NewBalancer(list{{"a", 1}}, balancerConfig(1))
	require.NoError(t, err)
	var leases []Lease[weighted]
	for range 3 {
		lease, ok := b.Acquire("key")
		require.True(t, ok)
		leases = append(leases, lease)
	}
	require.NoError(t, b.Update(list{{"b", 1}}))
	require.True(t, leases[0].Release())
	assert.Zero(t, b.held)
	require.NoError(t, b.Update(list{{"b", 1}, {"a", 1}}))
	assert.Equal(t, 2, b.held)
	require.True(t, leases[1].Release())
	assert.Equal(t, 1, b.held)
	assert.Equal(t, map[string]int{"a": 1, "b": 0}, b.Loads())
}

// TestUpdateDuringAcquire replaces the nodes at every call of allow, of which the
// last is after all nodes were found full. The lease is on a node of the ranking
// that is then in force.
func TestUpdateDuringAcquire(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		full bool // a has its greatest load
		at   int  // the call of allow that replaces a by b
	}{
		"before the node is tried":   {full: false, at: 1},
		"after all were tried":       {full: true, at: 2},
		"before a full one is tried": {full: true, at: 1},
	} {
		for kind, ranking := range map[string]func(id string) Ranking[weighted]{
			"rank only": func(id string) Ranking[weighted] { return list{{id, 1}} },
			"ring": func(id string) Ranking[weighted] {
				r, err := New([]weighted{{id, 1}}, weightedConfig)
				require.NoError(t, err)
				return r
			},
		} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				cfg := balancerConfig(1)
				cfg.MaxLoad = func(weighted) int { return 1 }
				b, err := NewBalancer(ranking("a"), cfg)
				require.NoError(t, err)
				if c.full {
					_, ok := b.Acquire("key")
					require.True(t, ok)
				}
				calls := 0
				lease, ok := b.AcquireFunc("key", func(weighted) bool {
					if calls++; calls == c.at {
						assert.NoError(t, b.Update(ranking("b")))
					}
					return true
				})
				require.True(t, ok)
				assert.Equal(t, "b", lease.Node().id)
				assert.Equal(t, 1, b.Loads()["b"])
				assert.Equal(t, 1, b.held)
			})
		}
	}
}

// TestNoNodeIsAllowed ends, whatever the ranking and the loads.
func TestNoNodeIsAllowed(t *testing.T) {
	t.Parallel()
	b := newBalancer(t, 1, weighted{"a", 1}, weighted{"b", 3})
	_, ok := b.Acquire("key")
	require.True(t, ok)
	before := b.Loads()
	_, ok = b.AcquireFunc("key", func(weighted) bool { return false })
	assert.False(t, ok)
	assert.Equal(t, before, b.Loads())
	_, ok = b.Acquire("key")
	assert.True(t, ok)
}

// TestLeasesAgainstAModel acquires, releases and replaces nodes at random, and
// compares every lease with the definition of Balancer: leases of the nodes of
// the ranking count, those of removed nodes do not.
func TestLeasesAgainstAModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		draw := func() (nodes list) {
			for i := range 5 {
				if rnd.IntN(3) > 0 || i == 0 {
					nodes = append(nodes, weighted{string(rune('a' + i)), float64(rnd.IntN(4))})
				}
			}
			return nodes
		}
		nodes := draw()
		b, err := NewBalancer(nodes, balancerConfig(1.1))
		require.NoError(t, err)
		loads := map[string]int{}
		var held []Lease[weighted]
		for range 500 {
			switch op := rnd.IntN(10); {
			case op == 0:
				nodes = draw()
				require.NoError(t, b.Update(nodes))
			case op < 5 && len(held) > 0:
				i := rnd.IntN(len(held))
				require.True(t, held[i].Release())
				loads[held[i].Node().id]--
				held = slices.Delete(held, i, i+1)
			default:
				m, total, want := 0, 0.0, ""
				for _, n := range nodes {
					m += loads[n.id]
					total += n.capacity
				}
				for _, n := range nodes {
					if n.capacity > 0 && float64(loads[n.id]) < math.Ceil(1.1*float64(m+1)*n.capacity/total) {
						want = n.id
						break
					}
				}
				lease, ok := b.Acquire("key")
				require.Equal(t, total > 0, ok, "there is room unless all nodes are drained")
				require.Equal(t, want, lease.Node().id)
				if ok {
					held = append(held, lease)
					loads[want]++
				}
			}
			for id, n := range b.Loads() {
				require.Equal(t, loads[id], n, id)
			}
		}
	}
}

// named is a node with a method ID.
type named struct {
	name     string
	capacity float64
}

func (n named) ID() string        { return n.name }
func (n named) Capacity() float64 { return n.capacity }

// TestBuildBalancer: one Balancer keeps its leases over all builds, and its ranking
// when one fails.
func TestBuildBalancer(t *testing.T) {
	t.Parallel()
	build := BuildBalancer(Build[named], BalancerConfig[named]{Bound: 1})
	_, err := build([]named{{"a", 1}, {"a", 1}})
	require.ErrorIs(t, err, ErrDuplicateID)
	first, err := build([]named{{"a", 1}})
	require.NoError(t, err)
	lease, ok := first.Acquire("key")
	require.True(t, ok)
	second, err := build([]named{{"a", 1}, {"b", 3}})
	require.NoError(t, err)
	assert.Same(t, first, second)
	for range 3 {
		next, ok := second.Acquire("key")
		require.True(t, ok)
		assert.Equal(t, "b", next.Node().name, "the capacities are those of the ranking")
	}
	_, err = build([]named{{"", 1}})
	require.ErrorIs(t, err, ErrEmptyID)
	assert.Equal(t, map[string]int{"a": 1, "b": 3}, first.Loads())
	assert.True(t, lease.Release())
	_, err = BuildBalancer(Build[named], BalancerConfig[named]{})(nil)
	require.ErrorIs(t, err, ErrBound)
}

// TestBuildBalancerUsesItsIDs has an ID function of its own.
func TestBuildBalancerUsesItsIDs(t *testing.T) {
	t.Parallel()
	cfg := BalancerConfig[named]{Bound: 1, ID: func(n named) string { return "node " + n.name }}
	b, err := BuildBalancer(Build[named], cfg)([]named{{"a", 1}})
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"node a": 0}, b.Loads())
}
