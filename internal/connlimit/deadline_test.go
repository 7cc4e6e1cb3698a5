package connlimit

import (
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
)

// counting is a connection that counts how often its deadlines move.
type counting struct {
	net.Conn
	moved int
}

func (c *counting) SetReadDeadline(t time.Time) error {
	c.moved++
	return c.Conn.SetReadDeadline(t)
}

func (c *counting) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// admitted returns both ends of a connection, in a bubble.
func admitted(t *testing.T) (server net.Conn, inner *counting, client net.Conn) {
	t.Helper()
	client, far := net.Pipe()
	inner = &counting{Conn: far}
	l := New(Limits{Connections: 1, FirstByte: 24 * time.Hour})
	server, ok := l.Admit(inner)
	require.True(t, ok)
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	return server, inner, client
}

// times returns how long a call takes until its deadline.
func times(t *testing.T, call func() error) time.Duration {
	t.Helper()
	start := time.Now()
	require.ErrorIs(t, call(), os.ErrDeadlineExceeded)
	return time.Since(start)
}

// Deadlines end calls exactly when they should, in whatever order they are set.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set  []time.Duration // one after another; 0 is none
		want time.Duration
	}{
		"soon":         {[]time.Duration{time.Second}, time.Second},
		"far":          {[]time.Duration{time.Hour}, time.Hour},
		"later":        {[]time.Duration{time.Second, time.Minute}, time.Minute},
		"sooner":       {[]time.Duration{time.Minute, time.Second}, time.Second},
		"past":         {[]time.Duration{time.Minute, -time.Hour}, 0},
		"after a past": {[]time.Duration{-time.Hour, 7 * time.Second}, 7 * time.Second},
		"after none":   {[]time.Duration{time.Second, 0, time.Minute}, time.Minute},
		"alternating":  {[]time.Duration{time.Minute, 5 * time.Second, 10 * time.Second, 0, time.Minute, 3 * time.Second}, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble.Test(t, func(t *testing.T) {
				server, _, _ := admitted(t)
				for _, d := range c.set {
					var at time.Time
					if d != 0 {
						at = time.Now().Add(d)
					}
					require.NoError(t, server.SetDeadline(at))
				}
				require.Equal(t, c.want, times(t, func() error { _, err := server.Read(make([]byte, 1)); return err }))
				require.NoError(t, server.SetWriteDeadline(time.Now().Add(8*time.Second)))
				require.Equal(t, 8*time.Second, times(t, func() error { _, err := server.Write([]byte("x")); return err }))
			})
		})
	}
}

// A deadline ends a call that is under way, and one that is taken back does not.
func TestDeadlinesOfPendingCalls(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		server, _, client := admitted(t)
		var reading sync.WaitGroup
		read := func(want error) {
			reading.Go(func() {
				if _, err := server.Read(make([]byte, 1)); !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			})
		}
		read(os.ErrDeadlineExceeded)
		time.Sleep(time.Minute)
		require.NoError(t, server.SetReadDeadline(time.Unix(1, 0)))
		reading.Wait()
		require.NoError(t, server.SetReadDeadline(time.Time{}))
		read(nil)
		time.Sleep(time.Hour)
		_, err := client.Write([]byte("x"))
		require.NoError(t, err)
		reading.Wait()
	})
}

// A Write that an early deadline interrupts sends the rest.
func TestInterruptedWrite(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		server, _, client := admitted(t)
		require.NoError(t, server.SetWriteDeadline(time.Now().Add(time.Second)))
		require.NoError(t, server.SetWriteDeadline(time.Now().Add(time.Hour)))
		var got []byte
		var reading sync.WaitGroup
		reading.Go(func() {
			for b := make([]byte, 2); len(got) < 6; {
				time.Sleep(20 * time.Second)
				n, err := client.Read(b)
				if err != nil {
					t.Error(err)
					return
				}
				got = append(got, b[:n]...)
			}
		})
		n, err := server.Write([]byte("abcdef"))
		require.NoError(t, err)
		require.Equal(t, 6, n)
		reading.Wait()
		require.Equal(t, "abcdef", string(got))
	})
}

// The deadlines of many requests seldom move that of the inner connection. After a
// request, package net/http ends a Read that has seldom begun.
func TestDeadlinesMoveSeldom(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		server, inner, client := admitted(t)
		for range 1000 {
			for _, d := range []time.Duration{5 * time.Second, 10 * time.Second, time.Minute} {
				require.NoError(t, server.SetReadDeadline(time.Now().Add(d)))
			}
			go client.Write([]byte("x")) //nolint:errcheck // Read shows it
			_, err := server.Read(make([]byte, 1))
			require.NoError(t, err)
			require.NoError(t, server.SetReadDeadline(time.Unix(1, 0)))
			require.Zero(t, times(t, func() error { _, err := server.Read(make([]byte, 1)); return err }))
			require.NoError(t, server.SetReadDeadline(time.Time{}))
			time.Sleep(10 * time.Millisecond)
		}
		require.Less(t, inner.moved, 10)
	})
}
