package swim

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/leaktest"
)

// TestMain looks for goroutines that these tests leave behind.

func TestStartAndStopLeavesNothing(t *testing.T) {
	seed := start1(t, loopback("seed"))
	before := leaktest.OpenFiles(t)
	for i := range 200 {
		c := start1(t, loopback(fmt.Sprint("m", i), seed.Local().Addr))
		require.NoError(t, c.Close())
	}
	eventually(t, "files are closed", func() bool { return leaktest.OpenFiles(t) <= before })
}

// silent returns a peer that accepts connections and never answers.
func silent(t *testing.T) (addr string, connected <-chan struct{}) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	first := make(chan struct{})
	var serving sync.WaitGroup
	var conns []net.Conn
	serving.Go(func() {
		var once sync.Once
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
			once.Do(func() { close(first) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		serving.Wait()
		for _, conn := range conns {
			_ = conn.Close()
		}
	})
	return l.Addr().String(), first
}

// TestCanceledJoinLeavesNothing cancels a Join that waits for a peer, at many
// points.
func TestCanceledJoinLeavesNothing(t *testing.T) {
	addr, connected := silent(t)
	before := leaktest.OpenFiles(t)
	for i := range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		cfg := loopback(fmt.Sprint("m", i), addr)
		cfg.Timing.Stream = time.Hour // so that only the context can end it
		failed := make(chan error, 1)
		go func() {
			_, err := Join(ctx, cfg)
			failed <- err
		}()
		if i == 0 {
			<-connected
		} else {
			time.Sleep(time.Duration(i) * 100 * time.Microsecond)
		}
		cancel()
		select {
		case err := <-failed:
			require.ErrorIs(t, err, context.Canceled)
		case <-time.After(time.Minute):
			require.FailNow(t, "Join outlives its context")
		}
	}
	// The ends of the peer stay open, one for each accepted connection.
	eventually(t, "files are closed", func() bool { return leaktest.OpenFiles(t) <= before+50 })
}

// TestCloseWhileInUse closes a member while goroutines use all of its methods.
// All of them must end, and each Close must wait until the member is closed.
func TestCloseWhileInUse(t *testing.T) {
	t.Parallel()
	seed := start1(t, loopback("seed"))
	for round := range 20 {
		c := start1(t, loopback(fmt.Sprint("m", round), seed.Local().Addr))
		var using sync.WaitGroup
		until := func(closed func() bool) {
			using.Go(func() {
				for !closed() {
					continue
				}
			})
		}
		using.Go(func() {
			for range c.Events(context.Background()) {
				continue
			}
		})
		using.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			for u := range c.Watch(ctx) {
				if u.Err != nil {
					cancel()
				}
			}
		})
		n := 0
		until(func() bool {
			n++
			return c.SetMetadata(map[string][]byte{"n": fmt.Append(nil, n)}) != nil
		})
		until(func() bool {
			_, err := c.Nodes(context.Background())
			return err != nil || len(c.Members()) == 0 || c.Local().Name == "" || len(c.Find(-1, StatusAny)) > 30
		})
		if round%2 == 0 {
			until(func() bool { // a second Leave returns nil until the member is closed
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(round)*time.Millisecond)
				defer cancel()
				return c.Leave(ctx) != nil && c.isClosed()
			})
		}
		time.Sleep(time.Duration(round) * time.Millisecond)
		for range 3 {
			using.Go(func() {
				if err := c.Close(); err != nil {
					t.Error(err)
				}
				if !c.isClosed() {
					t.Error("Close returned before it was closed")
				}
			})
		}
		ended := make(chan struct{})
		go func() {
			using.Wait()
			close(ended)
		}()
		select {
		case <-ended:
		case <-time.After(2 * time.Minute):
			require.FailNow(t, "a goroutine waits forever")
		}
	}
}

// TestCloseInALoopOverEvents closes a member within the loop over its events.
func TestCloseInALoopOverEvents(t *testing.T) {
	t.Parallel()
	c := start1(t, loopback("a"))
	for e := range c.Events(t.Context()) {
		require.Equal(t, "a", e.Member.Name)
		require.NoError(t, c.Close())
	}
}

// localHandler is a log handler that calls the member whose events it handles.
type localHandler struct {
	slog.Handler
	member func() *Cluster
	names  chan string
}

func (localHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h localHandler) Handle(_ context.Context, r slog.Record) error {
	if m := h.member(); m != nil && r.Message == "member changed" {
		select {
		case h.names <- m.Local().Name:
		default:
		}
	}
	return nil
}

func TestLogHandlerMayCallTheMember(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var a *Cluster
	names := make(chan string, 1)
	cfg := loopback("a")
	cfg.Log = slog.New(localHandler{slog.DiscardHandler, func() *Cluster {
		mu.Lock()
		defer mu.Unlock()
		return a
	}, names})
	c := start1(t, cfg)
	mu.Lock()
	a = c
	mu.Unlock()
	b := start1(t, loopback("b", c.Local().Addr))
	require.NoError(t, b.Leave(t.Context()))
	select {
	case name := <-names:
		require.Equal(t, "a", name)
	case <-time.After(time.Minute):
		require.FailNow(t, "a handler that calls the member blocks it")
	}
}
