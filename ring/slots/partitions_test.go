package slots_test

import (
	"encoding/hex"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/vectors"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/rendezvous/prf"
	"github.com/proxenos/proxenos/ring"
	"github.com/proxenos/proxenos/ring/slots"
)

// worker is a node with its index in the header of a vector.
type worker struct {
	id     string
	weight float64
	index  int
}

func (w worker) ID() string      { return w.id }
func (w worker) Weight() float64 { return w.weight }

func workers(n int) (all []worker) {
	for i := range n {
		all = append(all, worker{fmt.Sprintf("worker-%d", i), 1, i})
	}
	return all
}

func newSet(t testing.TB, hash func(string) uint64, nodes ...worker) *rendezvous.Set[worker] {
	t.Helper()
	set, err := rendezvous.New(nodes, rendezvous.Config[worker]{ID: worker.ID, Weight: worker.Weight, Hash: hash})
	require.NoError(t, err)
	return set
}

func newPartitions(t testing.TB, set *rendezvous.Set[worker], n int, bound float64) *slots.Partitions[worker] {
	t.Helper()
	p, err := slots.NewPartitions(set, slots.PartitionsConfig[worker]{ID: worker.ID, Partitions: n, Bound: bound})
	require.NoError(t, err)
	return p
}

// TestPartitionsArePinned compares partitions, owners and replicas with those of an
// implementation in another language. If it fails, keys have moved.
func TestPartitionsArePinned(t *testing.T) {
	t.Parallel()
	sums := map[string]uint64{}
	for _, row := range vectors.Open(t, "partitions/checksums.txt").Rows {
		sums["partitions/"+row.Text("file")] = row.Uint64("partitions")
	}
	files := vectors.Glob(t, "partitions/order-*.txt")
	require.Len(t, files, len(sums))
	vectors.Run(t, "partitions/order-*.txt", func(t *testing.T, f *vectors.File) {
		p := pinnedPartitions(t, f)
		for _, row := range f.Rows {
			key := row.Text("key")
			slot, ok := p.Slot(key)
			require.True(t, ok)
			require.Equal(t, row.Int("slot"), slot, "%s: partition of %q", row, key)
			var got []int
			order := row.Ints("order")
			for _, n := range p.SelectN(nil, key, len(order)) {
				got = append(got, n.index)
			}
			require.Equal(t, order, got, "%s: order for %q", row, key)
		}
		name := strings.TrimPrefix(t.Name(), "TestPartitionsArePinned/")
		require.Contains(t, sums, name)
		assert.Equal(t, sums[name], p.Checksum())
	})
}

func pinnedPartitions(t *testing.T, f *vectors.File) *slots.Partitions[worker] {
	t.Helper()
	var nodes []worker
	for i, node := range f.Fields("node", 2) {
		weight, err := strconv.ParseFloat(node[1], 64)
		require.NoError(t, err)
		nodes = append(nodes, worker{node[0], weight, i})
	}
	name, key, _ := strings.Cut(f.Header("hash"), " ")
	opts := prf.Options{}
	if key != "" {
		secret, err := hex.DecodeString(key)
		require.NoError(t, err)
		opts.Key = (*[16]byte)(secret)
	}
	hash, err := prf.New(name, opts)
	require.NoError(t, err)
	n, err := strconv.Atoi(f.Header("partitions"))
	require.NoError(t, err)
	bound, err := strconv.ParseFloat(f.Header("bound"), 64)
	require.NoError(t, err)
	p, err := slots.NewPartitions(newSet(t, hash, nodes...), slots.PartitionsConfig[worker]{ID: worker.ID, Partitions: n, Bound: bound, Hash: hash})
	require.NoError(t, err)
	return p
}

// TestPartitionLimitsAreExact: bound, weights and their sum count as decimal
// numbers, so 1.1 times 30 is 33 although the float64 product is greater.
func TestPartitionLimitsAreExact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		partitions int
		bound      float64
		weights    []float64
		want       []int
	}{
		{300, 1.1, slices.Repeat([]float64{1}, 10), slices.Repeat([]int{33}, 10)},
		{300, 1, slices.Repeat([]float64{1}, 10), slices.Repeat([]int{30}, 10)},
		{256, 1, slices.Repeat([]float64{1}, 12), slices.Repeat([]int{22}, 12)},
		{30, 1, []float64{0.1, 0.2, 0.7}, []int{3, 6, 21}},
		{10, 1.1, []float64{1, 1e-300}, []int{10, 1}},
		{10, 3, []float64{1, 4}, []int{6, 10}},
		{7, 1e300, []float64{1e200, 1}, []int{7, 7}},
		{10, 0, []float64{1, 2}, []int{10, 10}},
	} {
		var nodes []worker
		for i, w := range c.weights {
			nodes = append(nodes, worker{fmt.Sprint("n", i), w, i})
		}
		p := newPartitions(t, newSet(t, nil, nodes...), c.partitions, c.bound)
		total := 0
		for i, n := range nodes {
			held, limit, ok := p.Load(n.id)
			require.True(t, ok)
			assert.Equal(t, c.want[i], limit, "%v: %s", c, n.id)
			assert.LessOrEqual(t, held, limit, "%v: %s", c, n.id)
			total += held
		}
		assert.Equal(t, c.partitions, total, "%v", c)
	}
}

// TestPartitionsFollowTheRanking: each partition goes to the first node of its
// ranking that has room, which a second loop over the ranking confirms.
func TestPartitionsFollowTheRanking(t *testing.T) {
	t.Parallel()
	nodes := workers(40)
	for i := range nodes {
		nodes[i].weight = float64(1 + i%3)
	}
	hashed, err := ring.New(nodes, ring.Config[worker]{ID: worker.ID, Capacity: worker.Weight})
	require.NoError(t, err)
	for name, ranking := range map[string]interface {
		Rank(key string) iter.Seq[worker]
	}{"set": newSet(t, nil, nodes...), "ring": hashed, "plain": plain{newSet(t, nil, nodes...)}} {
		for _, bound := range []float64{1, 1.1, 2, 0} {
			p, err := slots.NewPartitions(ranking, slots.PartitionsConfig[worker]{ID: worker.ID, Weight: worker.Weight, Partitions: 1000, Bound: bound})
			require.NoError(t, err)
			held := map[string]int{}
			for i := range p.Slots() {
				owner, ok := p.Owner(i)
				require.True(t, ok)
				for n := range ranking.Rank(strconv.Itoa(i)) {
					if _, limit, _ := p.Load(n.id); held[n.id] < limit {
						require.Equal(t, n.id, owner.id, "%s: bound %v: partition %d", name, bound, i)
						held[n.id]++
						break
					}
				}
			}
		}
	}
}

// plain is a ranking without Select, SelectN and weights.
type plain struct{ set *rendezvous.Set[worker] }

func (p plain) Rank(key string) iter.Seq[worker] { return p.set.Rank(key) }

func TestPartitionsIgnoreTheOrderOfNodes(t *testing.T) {
	t.Parallel()
	nodes := workers(12)
	p := newPartitions(t, newSet(t, nil, nodes...), 256, 1)
	slices.Reverse(nodes)
	assert.Equal(t, p.Checksum(), newPartitions(t, newSet(t, nil, nodes...), 256, 1).Checksum())
}

// TestPartitionsOfAPowerOfTwoAreTableSlots: without a bound, a partition has the
// owner of the table slot of that number.
func TestPartitionsOfAPowerOfTwoAreTableSlots(t *testing.T) {
	t.Parallel()
	set := newSet(t, nil, workers(12)...)
	table, err := set.Table(8)
	require.NoError(t, err)
	p := newPartitions(t, set, 256, 0)
	for i := range 256 {
		want, _ := table.Owner(i)
		got, _ := p.Owner(i)
		require.Equal(t, want, got, i)
	}
}

// TestUnboundedPartitionsMoveOnlyWhatMustMove covers a join, a leave and both
// changes of a weight.
func TestUnboundedPartitionsMoveOnlyWhatMustMove(t *testing.T) {
	t.Parallel()
	set := newSet(t, nil, workers(12)...)
	before := newPartitions(t, set, 500, 0)
	for name, c := range map[string]struct {
		edit    func() (*rendezvous.Set[worker], error)
		allowed func(from, to string) bool
	}{
		"join":    {func() (*rendezvous.Set[worker], error) { return set.With(worker{"new", 1, 0}) }, func(_, to string) bool { return to == "new" }},
		"leave":   {func() (*rendezvous.Set[worker], error) { return set.Without("worker-3") }, func(from, _ string) bool { return from == "worker-3" }},
		"heavier": {func() (*rendezvous.Set[worker], error) { return set.Reweight("worker-3", 2) }, func(_, to string) bool { return to == "worker-3" }},
		"lighter": {func() (*rendezvous.Set[worker], error) { return set.Reweight("worker-3", 0.5) }, func(from, _ string) bool { return from == "worker-3" }},
	} {
		edited, err := c.edit()
		require.NoError(t, err)
		after, err := before.Over(edited)
		require.NoError(t, err)
		moved := 0
		for i := range before.Slots() {
			from, _ := before.Owner(i)
			to, _ := after.Owner(i)
			if from.id != to.id {
				moved++
				assert.True(t, c.allowed(from.id, to.id), "%s: partition %d moved from %s to %s", name, i, from.id, to.id)
			}
		}
		assert.Positive(t, moved, name)
	}
}

func TestPartitionsRefuse(t *testing.T) {
	t.Parallel()
	set := newSet(t, nil, workers(3)...)
	for name, c := range map[string]struct {
		cfg  slots.PartitionsConfig[worker]
		want error
	}{
		"no ID":              {slots.PartitionsConfig[worker]{Partitions: 8}, slots.ErrNoID},
		"no partitions":      {slots.PartitionsConfig[worker]{ID: worker.ID}, slots.ErrPartitions},
		"too many":           {slots.PartitionsConfig[worker]{ID: worker.ID, Partitions: slots.MaxSlots + 1}, slots.ErrPartitions},
		"only the bound":     {slots.PartitionsConfig[worker]{ID: worker.ID, Partitions: slots.MaxSlots, Bound: 0.99}, slots.ErrBound},
		"bound below 1":      {slots.PartitionsConfig[worker]{ID: worker.ID, Partitions: 8, Bound: 0.99}, slots.ErrBound},
		"negative bound":     {slots.PartitionsConfig[worker]{ID: worker.ID, Partitions: 8, Bound: -1}, slots.ErrBound},
		"bound not a number": {slots.PartitionsConfig[worker]{ID: worker.ID, Partitions: 8, Bound: math.NaN()}, slots.ErrBound},
		"infinite bound":     {slots.PartitionsConfig[worker]{ID: worker.ID, Partitions: 8, Bound: math.Inf(1)}, slots.ErrBound},
		"weight":             {slots.PartitionsConfig[worker]{ID: worker.ID, Partitions: 8, Weight: func(worker) float64 { return -1 }}, slots.ErrWeight},
		"one ID":             {slots.PartitionsConfig[worker]{ID: func(worker) string { return "x" }, Partitions: 8}, slots.ErrDuplicateID},
	} {
		_, err := slots.NewPartitions(set, c.cfg)
		assert.ErrorIs(t, err, c.want, name)
	}
	_, err := slots.NewPartitions[worker](nil, slots.PartitionsConfig[worker]{ID: worker.ID, Partitions: 8})
	assert.ErrorIs(t, err, slots.ErrNoRanking)
}

// TestPartitionsWithoutNodes: no nodes, a zero value and nil select none.
func TestPartitionsWithoutNodes(t *testing.T) {
	t.Parallel()
	var none *slots.Partitions[worker]
	empty := newPartitions(t, newSet(t, nil), 8, 1.1)
	weightless, err := slots.NewPartitions(newSet(t, nil, workers(2)...), slots.PartitionsConfig[worker]{
		ID: worker.ID, Weight: func(worker) float64 { return 0 }, Partitions: 8,
	})
	require.NoError(t, err)
	for i, p := range []*slots.Partitions[worker]{none, new(slots.Partitions[worker]), empty, weightless} {
		_, ok := p.Select("user:42")
		assert.False(t, ok, i)
		assert.Empty(t, p.SelectN(nil, "user:42", 2), i)
		assert.False(t, p.Owns("user:42", "worker-0", 2), i)
		_, _, ok = p.Load("unknown")
		assert.False(t, ok, i)
		_, ok = p.Weight("unknown")
		assert.False(t, ok, i)
		assert.Empty(t, slices.Collect(none.All()), i)
	}
	_, err = none.Over(newSet(t, nil))
	assert.ErrorIs(t, err, slots.ErrNoID)
	assert.Zero(t, none.Checksum())
	assert.NotZero(t, empty.Checksum())
}

// TestPartitionReplicas: SelectN begins with the owner, has no node twice, is a
// prefix of more replicas, and agrees with Owns.
func TestPartitionReplicas(t *testing.T) {
	t.Parallel()
	p := newPartitions(t, newSet(t, nil, workers(5)...), 64, 1)
	slow, err := p.Over(plain{newSet(t, nil, workers(5)...)})
	require.NoError(t, err)
	displaced := 0
	for i := range 200 {
		key := fmt.Sprint("key-", i)
		owner, ok := p.Select(key)
		require.True(t, ok)
		all := p.SelectN(nil, key, 9)
		require.Len(t, all, 5)
		require.Equal(t, owner, all[0])
		slot, _ := p.Slot(key)
		best, _ := newSet(t, nil, workers(5)...).Select(strconv.Itoa(slot))
		if best != owner {
			displaced++
		}
		for n := range 6 {
			require.Equal(t, all[:min(n, 5)], p.SelectN([]worker{}, key, n))
			for at, node := range all {
				require.Equal(t, at < n, p.Owns(key, node.id, n))
			}
			require.Equal(t, p.SelectN(nil, key, n), slow.SelectN(nil, key, n), "with SelectN of the ranking, and without")
		}
	}
	require.Positive(t, displaced, "no bound was met")
}

// TestPartitionChecksums: every input changes the checksum.
func TestPartitionChecksums(t *testing.T) {
	t.Parallel()
	set := newSet(t, nil, workers(6)...)
	seen := map[uint64]string{}
	add := func(name string, p *slots.Partitions[worker], err error) {
		require.NoError(t, err)
		require.Empty(t, seen[p.Checksum()], name)
		seen[p.Checksum()] = name
	}
	cfg := slots.PartitionsConfig[worker]{ID: worker.ID, Partitions: 64, Bound: 1.1}
	p, err := slots.NewPartitions(set, cfg)
	add("plain", p, err)
	for name, edit := range map[string]func(*slots.PartitionsConfig[worker]){
		"partitions": func(c *slots.PartitionsConfig[worker]) { c.Partitions = 65 },
		"bound":      func(c *slots.PartitionsConfig[worker]) { c.Bound = 1.2 },
		"hash":       func(c *slots.PartitionsConfig[worker]) { c.Hash = func(string) uint64 { return 7 } },
		"weights":    func(c *slots.PartitionsConfig[worker]) { c.Weight = func(worker) float64 { return 2 } },
	} {
		changed := cfg
		edit(&changed)
		p, err := slots.NewPartitions(set, changed)
		add(name, p, err)
	}
	edited, err := set.With(worker{"new", 1, 9})
	require.NoError(t, err)
	p, err = p.Over(edited)
	add("nodes", p, err)
}

func TestPartitionLookupsDoNotAllocate(t *testing.T) {
	p := newPartitions(t, newSet(t, nil, workers(50)...), 1000, 1.1)
	buf := make([]worker, 0, 3)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if _, ok := p.Select("user:42"); !ok {
			t.Fatal("no owner")
		}
		for n := 1; n <= 3; n++ {
			if got := p.SelectN(buf, "user:42", n); len(got) != n {
				t.Fatal("no owner")
			}
		}
	}))
}

// BenchmarkPartitions builds 65,536 partitions over 1,000 nodes; with a bound it
// takes less than twice the time.
func BenchmarkPartitions(b *testing.B) {
	set := newSet(b, nil, workers(1000)...)
	for _, bound := range []float64{0, 1, 1.1, 1.25} {
		b.Run(fmt.Sprint("bound=", bound), func(b *testing.B) {
			for b.Loop() {
				newPartitions(b, set, 65536, bound)
			}
		})
	}
}
