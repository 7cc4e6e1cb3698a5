package ring

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTicketsAreReused: the ledger grows only when more leases are held than ever
// before.
func TestTicketsAreReused(t *testing.T) {
	t.Parallel()
	b := newBalancer(t, 2, weighted{"a", 1}, weighted{"b", 1})
	for range 10 {
		var held []Lease[weighted]
		for range 3 {
			lease, ok := b.Acquire("k")
			require.True(t, ok)
			held = append(held, lease)
		}
		for _, lease := range held {
			require.True(t, lease.Release())
		}
		require.Len(t, b.ledger.tickets, 3)
		require.Len(t, b.ledger.free, 3)
	}
}

// body records whether it is closed.
type body struct {
	io.Reader
	closed bool
	err    error
}

func (b *body) Close() error { b.closed = true; return b.err }

// TestReleaseOnClose: closing a body releases its lease once, also if that fails.
func TestReleaseOnClose(t *testing.T) {
	t.Parallel()
	b := newBalancer(t, 2, weighted{"a", 1})
	failed := errors.New("failed")
	for _, want := range []error{nil, failed} {
		lease, ok := b.Acquire("key")
		require.True(t, ok)
		given := &body{Reader: strings.NewReader("data"), err: want}
		leased := lease.ReleaseOnClose(given)
		_, writes := leased.(io.Writer)
		require.False(t, writes)
		data, err := io.ReadAll(leased)
		require.NoError(t, err)
		require.Equal(t, "data", string(data))
		require.Equal(t, 1, b.Loads()["a"], "the end of the data is not the end of the request")
		require.Equal(t, want, leased.Close())
		require.True(t, given.closed)
		require.Zero(t, b.Loads()["a"])
		again, ok := b.Acquire("key")
		require.True(t, ok)
		_ = leased.Close()
		require.Equal(t, 1, b.Loads()["a"], "the lease of another request stays")
		require.True(t, again.Release())
	}
}

// TestReleaseOnCloseWrites has a body that is a connection, after a switch of
// protocols.
func TestReleaseOnCloseWrites(t *testing.T) {
	t.Parallel()
	b := newBalancer(t, 2, weighted{"a", 1})
	lease, ok := b.Acquire("key")
	require.True(t, ok)
	near, far := net.Pipe()
	go func() {
		_, _ = io.Copy(far, far)
		_ = far.Close()
	}()
	leased := lease.ReleaseOnClose(near)
	_, err := leased.(io.Writer).Write([]byte("data"))
	require.NoError(t, err)
	echo := make([]byte, 4)
	_, err = io.ReadFull(leased, echo)
	require.NoError(t, err)
	require.Equal(t, "data", string(echo))
	require.NoError(t, leased.Close())
	require.Zero(t, b.Loads()["a"])
}
