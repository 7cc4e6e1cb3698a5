package agree

import (
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/cespare/xxhash/v2"
	dgryski "github.com/dgryski/go-rendezvous"
	"github.com/golang/groupcache/consistenthash"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/zeromicro/go-zero/core/hash"
)

// module returns a name and the version of the module that go.mod requires.
func module(t *testing.T, name, path string) string {
	t.Helper()
	mod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	match := regexp.MustCompile(`(?m)^\t` + regexp.QuoteMeta(path) + ` (\S+)`).FindSubmatch(mod)
	require.NotNil(t, match, "go.mod does not require %s", path)
	return name + " " + string(match[1])
}

// perSetup caches what a set-up needs to answer.
func perSetup[T any](build func(setup) T) func(setup) T {
	built := map[string]T{}
	return func(s setup) T {
		v, ok := built[s.name()]
		if !ok {
			v = build(s)
			built[s.name()] = v
		}
		return v
	}
}

func TestGomemcache(t *testing.T) {
	t.Parallel()
	list := perSetup(func(s setup) *memcache.ServerList {
		l := new(memcache.ServerList)
		require.NoError(t, l.SetServers(s.labels()...))
		return l
	})
	compare(t, module(t, "gomemcache", "github.com/bradfitz/gomemcache"), setups(t, "gomemcache"), func(s setup, key string) int {
		address, err := list(s).PickServer(key)
		require.NoError(t, err)
		return s.index(t, address.String())
	})
}

func TestGroupcache(t *testing.T) {
	t.Parallel()
	const replicas = 50 // of its HTTPPool
	circle := perSetup(func(s setup) *consistenthash.Map {
		m := consistenthash.New(replicas, nil)
		m.Add(s.labels()...)
		return m
	})
	compare(t, module(t, "groupcache", "github.com/golang/groupcache"), setups(t, "groupcache"), func(s setup, key string) int {
		return s.index(t, circle(s).Get(key))
	})
}

func TestGoZero(t *testing.T) {
	t.Parallel()
	circle := perSetup(func(s setup) *hash.ConsistentHash {
		c := hash.NewConsistentHash()
		for _, label := range s.labels() {
			c.Add(label)
		}
		return c
	})
	compare(t, module(t, "go-zero", "github.com/zeromicro/go-zero"), setups(t, "go-zero"), func(s setup, key string) int {
		label, ok := circle(s).Get(key)
		require.True(t, ok)
		return s.index(t, label.(string))
	})
}

func TestFranzGo(t *testing.T) {
	t.Parallel()
	partitioner := kgo.StickyKeyPartitioner(nil).ForTopic("topic")
	compare(t, module(t, "franz-go", "github.com/twmb/franz-go"), setups(t, "franz-go"), func(s setup, key string) int {
		return partitioner.Partition(kgo.KeyStringRecord(key, ""), len(s.servers))
	})
}

func TestPrometheus(t *testing.T) {
	t.Parallel()
	compare(t, module(t, "Prometheus", "github.com/prometheus/prometheus"), setups(t, "Prometheus"), func(s setup, key string) int {
		got, keep := relabel.Process(labels.FromStrings("key", key), &relabel.Config{
			SourceLabels: model.LabelNames{"key"}, Separator: ";", Regex: relabel.MustNewRegexp("(.*)"),
			Modulus: uint64(len(s.servers)), TargetLabel: "shard", Action: relabel.HashMod,
		})
		require.True(t, keep)
		shard, err := strconv.Atoi(got.Get("shard"))
		require.NoError(t, err)
		return shard
	})
}

func TestGoRedis(t *testing.T) {
	t.Parallel()
	ring := perSetup(func(s setup) *redis.Ring {
		shards := map[string]string{}
		for _, server := range s.servers {
			shards[server.name] = server.address
		}
		// A shard is up until it fails; no heartbeat finds that none listens.
		r := redis.NewRing(&redis.RingOptions{Addrs: shards, HeartbeatFrequency: time.Hour})
		t.Cleanup(func() { _ = r.Close() })
		return r
	})
	compare(t, module(t, "go-redis Ring", "github.com/redis/go-redis/v9"), setups(t, "go-redis"), func(s setup, key string) int {
		client, err := ring(s).GetShardClientForKey(key)
		require.NoError(t, err)
		return s.index(t, client.Options().Addr)
	})
}

// TestDgryskiRendezvous uses the answers of go-redis for keys without tags: it has
// the same rule with the same hash.
func TestDgryskiRendezvous(t *testing.T) {
	t.Parallel()
	rdv := perSetup(func(s setup) *dgryski.Rendezvous { return dgryski.New(s.labels(), xxhash.Sum64String) })
	plain := slices.DeleteFunc(setups(t, "go-redis"), func(s setup) bool { return s.file.Header("scenario") != "five, keys of printable ASCII" })
	require.NotEmpty(t, plain)
	compare(t, module(t, "dgryski/go-rendezvous", "github.com/dgryski/go-rendezvous"), plain, func(s setup, key string) int {
		return s.index(t, rdv(s).Lookup(key))
	})
}

// hostPort splits an address.
func hostPort(t *testing.T, address string) (host, port string) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	return host, port
}
