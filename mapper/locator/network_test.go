package locator

import (
	"context"
	"hash/fnv"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

// testLog returns a logger that writes to the output of the test.
func testLog(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func nodes(host string, ports ...uint16) []mapper.Node {
	list := make([]mapper.Node, len(ports))
	for i, port := range ports {
		list[i] = newNode(host, port)
	}
	return list
}

// byHash is a simple algorithm.
func byHash(nodes []mapper.Node) (Locate, error) {
	return func(key string) (mapper.Node, bool) {
		h := fnv.New32a()
		_, _ = h.Write([]byte(key))
		return nodes[h.Sum32()%uint32(len(nodes))], true
	}, nil
}

// running is a server that serves.
type running struct {
	*Server
	stop func() // leaves and waits
}

// start starts a node on a free port.
func start(t *testing.T, cfg Config) running {
	t.Helper()
	if cfg.Log == nil {
		cfg.Log = testLog(t)
	}
	if cfg.Algorithm == nil {
		cfg.Algorithm = byHash
	}
	s, err := Listen(t.Context(), cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, nil) }()
	stop := sync.OnceFunc(func() {
		cancel()
		assert.NoError(t, <-done)
	})
	t.Cleanup(stop)
	return running{s, stop}
}

// eventually waits for a condition that holds in a moment, or later on a busy
// machine.
func eventually(t *testing.T, is func() bool, why ...any) {
	t.Helper()
	require.Eventually(t, is, time.Minute, 5*time.Millisecond, why...)
}

// quiesce waits until no server serves a call or one that follows from another's.
func quiesce(t *testing.T, servers ...running) {
	t.Helper()
	for range servers {
		for _, s := range servers {
			// Connections are accepted in order, so once this call returns all
			// earlier ones are open or have ended.
			require.NoError(t, NewClient(s.Self().Addr, CallConfig{}).Ping(t.Context()))
			eventually(t, func() bool { return s.limiter.Len() == 0 })
		}
	}
}

// agree waits until the members of every server are exactly these.
func agree(t *testing.T, servers ...running) {
	t.Helper()
	var want []string
	for _, s := range servers {
		want = append(want, s.Self().Name)
	}
	for _, s := range servers {
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			assert.ElementsMatch(c, want, names(s.members.load().nodes))
		}, time.Minute, 5*time.Millisecond, s.Self().Name)
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	a := start(t, Config{})
	agree(t, a)
	b := start(t, Config{Peer: a.Self().Addr})
	agree(t, a, b)
	c := start(t, Config{Peer: b.Self().Addr})
	agree(t, a, b, c)
	d := start(t, Config{Peer: a.Self().Addr})
	agree(t, a, b, c, d)

	for _, key := range []string{"", "a", "touché"} {
		want, ok := a.Owner(key)
		require.True(t, ok)
		for _, s := range []running{b, c, d} {
			got, err := NewClient(s.Self().Addr, CallConfig{}).Owner(t.Context(), key)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		}
	}
	b.stop()
	agree(t, a, c, d)
	a.stop()
	c.stop()
	agree(t, d)
}

// Two dozen nodes join at once.
func TestConcurrentJoins(t *testing.T) {
	t.Parallel()
	first := start(t, Config{Refresh: 500 * time.Millisecond})
	servers := []running{first}
	var mu sync.Mutex
	var group sync.WaitGroup
	for range 23 {
		group.Go(func() {
			s := start(t, Config{Peer: first.Self().Addr, Refresh: 500 * time.Millisecond})
			mu.Lock()
			defer mu.Unlock()
			servers = append(servers, s)
		})
	}
	group.Wait()
	began := time.Now()
	agree(t, servers...)
	t.Logf("24 nodes agree after %v", time.Since(began))
}
