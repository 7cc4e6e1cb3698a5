package gomemcache_test

import (
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/leaktest"
	"github.com/proxenos/proxenos/internal/testkit/servertest"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/examples/gomemcache"
	"github.com/proxenos/proxenos/mapper/examples/internal/registry"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/ring"
)

const keys = 3000

// fleet is a memcached server for each node, and a client that is connected to it
// alone.
type fleet struct {
	nodes   []mapper.Node
	servers map[string]*servertest.Memcached
	direct  map[string]*memcache.Client
}

func startFleet(t *testing.T, weights map[string]float64) *fleet {
	t.Helper()
	f := &fleet{servers: map[string]*servertest.Memcached{}, direct: map[string]*memcache.Client{}}
	for name, weight := range weights {
		server := servertest.StartMemcached(t)
		f.nodes = append(f.nodes, mapper.Node{Name: name, Addr: server.Addr, Weight: weight})
		f.servers[name] = server
		f.direct[name] = memcache.New(server.Addr)
		t.Cleanup(func() { _ = f.direct[name].Close() })
	}
	return f
}

func (f *fleet) without(name string) (nodes []mapper.Node) {
	for _, n := range f.nodes {
		if n.Name != name {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// holders returns the servers that have a key.
func (f *fleet) holders(t *testing.T, key string) (names []string) {
	t.Helper()
	for name, client := range f.direct {
		switch _, err := client.Get(key); {
		case err == nil:
			names = append(names, name)
		case !errors.Is(err, memcache.ErrCacheMiss):
			require.NoError(t, err)
		}
	}
	return names
}

func key(i int) string { return fmt.Sprint("user:", i) }

// TestServersOfTheView: every key is on the server that Select names, and on no
// other; when a server dies only its keys fail, and then only they move.
func TestServersOfTheView(t *testing.T) {
	t.Parallel()
	f := startFleet(t, map[string]float64{"a": 1, "b": 1, "c": 2})
	source := registry.Of(f.nodes...)
	view, err := mapper.Follow(t.Context(), source, rendezvous.Build)
	require.NoError(t, err)
	defer view.Close()
	client := memcache.NewFromSelector(gomemcache.New(view))
	defer client.Close()
	require.NoError(t, client.Ping())

	owned := map[string]int{}
	for i := range keys {
		require.NoError(t, client.Set(&memcache.Item{Key: key(i), Value: []byte("data")}))
	}
	for i := range keys {
		owner, _ := view.Value().Select(key(i))
		owned[owner.Name]++
		require.Equal(t, []string{owner.Name}, f.holders(t, key(i)))
	}
	t.Logf("%d keys set, all on the server that Select names: %v", keys, owned)
	require.InDelta(t, keys/2, owned["c"], keys/20, "half of the weight")

	batch := []string{}
	for i := range keys {
		batch = append(batch, key(i))
	}
	found, err := client.GetMulti(batch)
	require.NoError(t, err)
	require.Len(t, found, keys)

	before := view.Value()
	f.servers["c"].Kill()
	failed := 0
	for i := range keys {
		owner, _ := before.Select(key(i))
		_, err := client.Get(key(i))
		if owner.Name == "c" {
			require.Error(t, err)
			failed++
			continue
		}
		require.NoError(t, err, "the key of a server that is alive")
	}
	require.Equal(t, owned["c"], failed)

	changed := view.Changed()
	source.Set(f.without("c")...)
	<-changed
	moved := 0
	for i := range keys {
		old, _ := before.Select(key(i))
		now, _ := view.Value().Select(key(i))
		_, err := client.Get(key(i))
		if old.Name == now.Name {
			require.NoError(t, err)
			continue
		}
		require.Equal(t, "c", old.Name)
		require.ErrorIs(t, err, memcache.ErrCacheMiss)
		moved++
	}
	require.Equal(t, owned["c"], moved)
	t.Logf("server c killed: %d of %d calls failed until the source dropped it; then %d keys moved and no call failed", failed, keys, moved)
}

// TestEachReachesDrainedServers: a drained server gets no keys and is flushed.
func TestEachReachesDrainedServers(t *testing.T) {
	t.Parallel()
	f := startFleet(t, map[string]float64{"a": 1, "b": 1})
	require.NoError(t, f.direct["a"].Set(&memcache.Item{Key: "old"}))
	for i := range f.nodes {
		f.nodes[i].Drain = f.nodes[i].Name == "a"
	}
	view, err := mapper.Follow(t.Context(), registry.Of(f.nodes...), rendezvous.Build)
	require.NoError(t, err)
	defer view.Close()
	client := memcache.NewFromSelector(gomemcache.New(view))
	defer client.Close()
	for i := range 100 {
		require.NoError(t, client.Set(&memcache.Item{Key: key(i)}))
		require.Equal(t, []string{"b"}, f.holders(t, key(i)))
	}
	require.Equal(t, []string{"a"}, f.holders(t, "old"))
	require.NoError(t, client.FlushAll())
	require.Empty(t, f.holders(t, "old"))
}

// TestAddresses: no nodes, sockets, and the layout of another library.
func TestAddresses(t *testing.T) {
	t.Parallel()
	source := registry.Of()
	build := ring.BuildWith(ring.Config[mapper.Node]{ID: mapper.Node.Address, Layout: ring.Ketama(ring.KetamaWeighted)})
	view, err := mapper.Follow(t.Context(), source, build)
	require.NoError(t, err)
	defer view.Close()
	selector := gomemcache.New(view)
	_, err = selector.PickServer("user:42")
	require.ErrorIs(t, err, memcache.ErrNoServers)

	nodes := []mapper.Node{{Name: "a", Addr: "10.0.0.1:11211"}, {Name: "b", Addr: "10.0.0.2:11211"}}
	changed := view.Changed()
	source.Set(nodes...)
	<-changed
	want, err := ring.New(nodes, ring.Config[mapper.Node]{ID: mapper.Node.Address, Layout: ring.Ketama(ring.KetamaWeighted)})
	require.NoError(t, err)
	picked := map[string]int{}
	for i := range keys {
		addr, err := selector.PickServer(key(i))
		require.NoError(t, err)
		owner, _ := want.Select(key(i))
		require.Equal(t, owner.Addr, addr.String())
		picked[addr.Network()+" "+addr.String()]++
	}
	require.Len(t, picked, 2, "%v", picked)

	changed = view.Changed()
	source.Set(mapper.Node{Name: "a", Addr: "unix:/run/memcached.sock"})
	<-changed
	stop := errors.New("stop")
	err = selector.Each(func(a net.Addr) error {
		require.Equal(t, "unix /run/memcached.sock", a.Network()+" "+a.String())
		return stop
	})
	require.ErrorIs(t, err, stop)
}

func TestMain(m *testing.M) { leaktest.Main(m) }
