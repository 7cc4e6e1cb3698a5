package goredis_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/leaktest"
	"github.com/proxenos/proxenos/internal/testkit/servertest"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/examples/goredis"
	"github.com/proxenos/proxenos/mapper/examples/internal/registry"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

const keys = 3000

// options makes a Ring notice within 30 ms that a shard is down, and never repeat
// a command.
var options = redis.RingOptions{HeartbeatFrequency: 10 * time.Millisecond, MaxRetries: -1, DialerRetries: 1}

// fleet is a Redis server for each node, and a client that is connected to it alone.
type fleet struct {
	nodes   []mapper.Node
	servers map[string]*servertest.Redis
	direct  map[string]*redis.Client
}

func (f *fleet) start(t *testing.T, name string, weight float64) {
	t.Helper()
	server := servertest.StartRedis(t)
	f.nodes = append(f.nodes, mapper.Node{Name: name, Addr: server.Addr, Weight: weight})
	f.servers[name] = server
	f.direct[name] = redis.NewClient(&redis.Options{Addr: server.Addr})
	t.Cleanup(func() { _ = f.direct[name].Close() })
}

func startFleet(t *testing.T, weights map[string]float64) *fleet {
	t.Helper()
	f := &fleet{servers: map[string]*servertest.Redis{}, direct: map[string]*redis.Client{}}
	for name, weight := range weights {
		f.start(t, name, weight)
	}
	return f
}

// held returns the keys of each server.
func (f *fleet) held(t *testing.T) map[string]map[string]bool {
	t.Helper()
	held := map[string]map[string]bool{}
	for name, client := range f.direct {
		held[name] = map[string]bool{}
		if !f.servers[name].Running() {
			continue
		}
		all, err := client.Keys(t.Context(), "*").Result()
		require.NoError(t, err)
		for _, key := range all {
			held[name][key] = true
		}
	}
	return held
}

func (f *fleet) flush(t *testing.T) {
	t.Helper()
	for _, client := range f.direct {
		require.NoError(t, client.FlushAll(t.Context()).Err())
	}
}

func key(i int) string { return fmt.Sprint("user:", i) }

// owners returns the owner of every key.
func owners(set *rendezvous.Set[mapper.Node]) []string {
	names := make([]string, keys)
	for i := range names {
		owner, _ := set.Select(key(i))
		names[i] = owner.Name
	}
	return names
}

func count(names []string) map[string]int {
	counts := map[string]int{}
	for _, name := range names {
		counts[name]++
	}
	return counts
}

// setAll sets every key and returns how many calls failed.
func setAll(ctx context.Context, client *redis.Ring) (failed int) {
	for i := range keys {
		if client.Set(ctx, key(i), "data", 0).Err() != nil {
			failed++
		}
	}
	return failed
}

// requireHeld asserts that every key is on its owner and nowhere else.
func (f *fleet) requireHeld(t *testing.T, owners []string) {
	t.Helper()
	held := f.held(t)
	for i, owner := range owners {
		for name, set := range held {
			require.Equal(t, name == owner, set[key(i)], "%s of %s on %s", key(i), owner, name)
		}
	}
}

// TestShardsOfTheView: every key is on the shard that Select names; when a shard is
// killed only its keys fail and move; when one joins keys move only to it.
func TestShardsOfTheView(t *testing.T) {
	t.Parallel()
	f := startFleet(t, map[string]float64{"a": 1, "b": 1, "c": 2})
	source := registry.Of(f.nodes...)
	view, err := mapper.Follow(t.Context(), source, rendezvous.Build)
	require.NoError(t, err)
	defer view.Close()
	var noticing atomic.Bool // whether the Ring looks which shards are up
	opt := options
	opt.HeartbeatFn = func(ctx context.Context, shard *redis.Client) bool {
		return !noticing.Load() || shard.Ping(ctx).Err() == nil
	}
	client := goredis.NewRing(t.Context(), view, opt)
	defer client.Close()
	ctx := t.Context()

	require.Zero(t, setAll(ctx, client))
	before := owners(view.Value())
	f.requireHeld(t, before)
	owned := count(before)
	t.Logf("%d keys set, all on the shard that Select names: %v", keys, owned)
	require.InDelta(t, keys/2, owned["c"], keys/20, "half of the weight")

	f.servers["c"].Kill()
	failed := getAll(t, client, before)
	require.Equal(t, owned["c"], failed)
	noticing.Store(true)
	require.Eventually(t, func() bool { return client.Len() == 2 }, time.Minute, time.Millisecond)
	f.direct["a"].FlushAll(ctx)
	f.direct["b"].FlushAll(ctx)
	require.Zero(t, setAll(ctx, client))
	survivors, err := view.Value().Without("c")
	require.NoError(t, err)
	without, moved := owners(survivors), 0
	f.requireHeld(t, without)
	for i, owner := range without {
		if owner != before[i] {
			require.Equal(t, "c", before[i], "only keys of the killed shard move")
			moved++
		}
	}
	require.Equal(t, owned["c"], moved)
	t.Logf("shard c killed: %d of %d calls failed until go-redis noticed; then %d keys moved and no call failed", failed, keys, moved)

	f.servers["c"].Restart()
	require.Eventually(t, func() bool { return client.Len() == 3 }, time.Minute, time.Millisecond)
	f.flush(t)
	require.Zero(t, setAll(ctx, client))
	f.requireHeld(t, before)

	f.start(t, "d", 2)
	source.Set(f.nodes...)
	require.Eventually(t, func() bool { return client.Len() == 4 }, time.Minute, time.Millisecond)
	f.flush(t)
	require.Zero(t, setAll(ctx, client))
	after := owners(view.Value())
	moved = 0
	f.requireHeld(t, after)
	for i, owner := range after {
		if owner != before[i] {
			require.Equal(t, "d", owner)
			moved++
		}
	}
	t.Logf("shard d joined: %d keys moved, all to it", moved)
	require.InDelta(t, keys/3, moved, keys/20, "a third of the weight")
}

// getAll gets every key and returns how many calls failed. Only keys of shard c
// may.
func getAll(t *testing.T, client *redis.Ring, owners []string) (failed int) {
	t.Helper()
	for i, owner := range owners {
		if err := client.Get(t.Context(), key(i)).Err(); err != nil && !errors.Is(err, redis.Nil) {
			require.Equal(t, "c", owner, "the key of a shard that is alive: %v", err)
			failed++
		}
	}
	return failed
}

// TestWeightsAlone: a change of a weight moves keys although the shards are the
// same.
func TestWeightsAlone(t *testing.T) {
	t.Parallel()
	f := startFleet(t, map[string]float64{"a": 1, "b": 1})
	source := registry.Of(f.nodes...)
	view, err := mapper.Follow(t.Context(), source, rendezvous.Build)
	require.NoError(t, err)
	defer view.Close()
	client := goredis.NewRing(t.Context(), view, options)
	defer client.Close()
	for i := range f.nodes {
		f.nodes[i].Drain = f.nodes[i].Name == "a"
	}
	source.Set(f.nodes...)
	require.Eventually(t, func() bool {
		f.flush(t)
		return setAll(t.Context(), client) == 0 && len(f.held(t)["b"]) == keys
	}, time.Minute, time.Millisecond, "a drained shard gets no keys")
}

// TestTheRingOfGoRedis: with its Scorer a Ring that holds data keeps it.
func TestTheRingOfGoRedis(t *testing.T) {
	t.Parallel()
	f := startFleet(t, map[string]float64{"a": 1, "b": 1, "c": 1})
	addrs := map[string]string{}
	for _, n := range f.nodes {
		addrs[n.Name] = n.Addr
	}
	old := options
	old.Addrs = addrs
	before := redis.NewRing(&old)
	defer before.Close()
	require.Zero(t, setAll(t.Context(), before))

	view, err := mapper.Follow(t.Context(), registry.Of(f.nodes...), func(nodes []mapper.Node) (*rendezvous.Set[mapper.Node], error) {
		return rendezvous.New(nodes, rendezvous.Config[mapper.Node]{ID: mapper.Node.ID, Weight: mapper.Node.Capacity, Scorer: rendezvous.GoRedis()})
	})
	require.NoError(t, err)
	defer view.Close()
	after := goredis.NewRing(t.Context(), view, options)
	defer after.Close()
	for i := range keys {
		require.NoError(t, after.Get(t.Context(), key(i)).Err())
	}
	f.requireHeld(t, owners(view.Value()))
}

// TestHashTags: go-redis cuts a key to its tag, and so does a set with such a Key.
func TestHashTags(t *testing.T) {
	t.Parallel()
	f := startFleet(t, map[string]float64{"a": 1, "b": 1, "c": 2})
	view, err := mapper.Follow(t.Context(), registry.Of(f.nodes...), func(nodes []mapper.Node) (*rendezvous.Set[mapper.Node], error) {
		return rendezvous.New(nodes, rendezvous.Config[mapper.Node]{ID: mapper.Node.ID, Weight: mapper.Node.Capacity, Key: prf.HashTag('{', '}')})
	})
	require.NoError(t, err)
	defer view.Close()
	client := goredis.NewRing(t.Context(), view, options)
	defer client.Close()
	owners := map[string]string{}
	for i := range 300 {
		for _, form := range []string{"%s", "{%s}:cart", "orders:{%s}", "{}%s", "{{%s}}", "{%s", "}%s{"} {
			k := fmt.Sprintf(form, key(i))
			require.NoError(t, client.Set(t.Context(), k, "data", 0).Err())
			owner, _ := view.Value().Select(k)
			owners[k] = owner.Name
		}
		require.Equal(t, owners[key(i)], owners["{"+key(i)+"}:cart"], "keys with one tag share a shard")
	}
	held := f.held(t)
	for k, owner := range owners {
		require.True(t, held[owner][k], k)
	}
	t.Logf("%d keys in seven forms on the shard that Select names", len(owners))
}

// TestNoShards: a view without nodes, or without nodes that get keys.
func TestNoShards(t *testing.T) {
	t.Parallel()
	for name, nodes := range map[string][]mapper.Node{"none": nil, "drained": {{Name: "a", Addr: "127.0.0.1:1", Drain: true}}} {
		view, err := mapper.Follow(t.Context(), registry.Of(nodes...), rendezvous.Build)
		require.NoError(t, err)
		defer view.Close()
		client := goredis.NewRing(t.Context(), view, redis.RingOptions{})
		defer client.Close()
		require.ErrorContains(t, client.Get(t.Context(), "user:42").Err(), "all ring shards are down", name)
	}
}

// frozen is a placement that cannot lose a node.
type frozen struct{ *rendezvous.Set[mapper.Node] }

func (f frozen) Without(...string) (frozen, error) { return f, errors.New("cannot lose a node") }

// TestPlacementThatCannotLoseNodes: go-redis gets no name of a shard that it does
// not have.
func TestPlacementThatCannotLoseNodes(t *testing.T) {
	t.Parallel()
	view, err := mapper.Follow(t.Context(), registry.Of(mapper.Node{Name: "a", Addr: "127.0.0.1:1"}), func(nodes []mapper.Node) (frozen, error) {
		set, err := rendezvous.Build(nodes)
		return frozen{set}, err
	})
	require.NoError(t, err)
	defer view.Close()
	client := goredis.NewRing(t.Context(), view, redis.RingOptions{})
	defer client.Close()
	require.ErrorContains(t, client.Get(t.Context(), "user:42").Err(), "all ring shards are down")
}

// silent discards what go-redis logs about every failed connection.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func TestMain(m *testing.M) {
	redis.SetLogger(silent{})
	leaktest.Main(m)
}
