package node

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/internal/testkit/logbuf"
)

// A write by a node with a fast clock fails and leaves nothing behind. Later writes
// of other nodes are visible everywhere.
func TestFastClockWriteLeavesNothing(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		fast := tc.start("fast", "")
		nodes := []*Node{fast, tc.start("b", ""), tc.start("c", "")}
		put(t, fast, 20)
		tc.settle()
		tc.setSkew("fast", time.Hour)
		get := func(key, want string) {
			t.Helper()
			for _, n := range nodes {
				value, ok, err := n.Get(t.Context(), key)
				require.NoError(t, err)
				assert.True(t, ok)
				assert.Equal(t, want, string(value), "key %s at %s", key, n.cfg.Self)
			}
		}
		for _, key := range []string{"0", "1", "2", "3", "4", "5", "6", "7"} {
			require.ErrorIs(t, fast.Put(t.Context(), key, []byte("ahead")), kv.ErrAhead)
			get(key, "value of "+key)
			require.NoError(t, nodes[1].Put(t.Context(), key, []byte("later")))
			get(key, "later")
		}
		assert.ErrorContains(t, fast.Ready(), "other nodes (2 of 2)")
		assert.NoError(t, nodes[1].Ready())
	})
}

// A node with a slow clock reports keys neither as missing nor as older values.
func TestSlowClockReads(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		slow := tc.start("slow", "")
		tc.start("b", "")
		tc.start("c", "")
		tc.settle()
		put(t, slow, 20)
		tc.setSkew("slow", -2*time.Hour)
		for i := range 20 {
			_, _, err := slow.Get(t.Context(), strconv.Itoa(i))
			require.ErrorIs(t, err, kv.ErrAhead)
		}
		tc.setSkew("slow", 0)
	})
}

// A node with a slow clock does not take its data for that of a fast one.
func TestSlowClockKeepsData(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 3)
		slow := tc.start("slow", "")
		tc.start("b", "")
		put(t, slow, 20)
		tc.setSkew("slow", -2*time.Hour)
		require.ErrorIs(t, slow.Put(t.Context(), "1", []byte("slow")), kv.ErrAhead)
		tc.settle() // in which it repairs several times
		n, err := slow.Count()
		require.NoError(t, err)
		assert.Equal(t, 20, n)
		tc.setSkew("slow", 0)
		assert.Zero(t, lost(t, slow, 20))
	})
}

// A clock is set while a node reads. The read fails or finds the key.
func TestClockIsSetDuringRead(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		slow := tc.start("slow", "")
		tc.start("b", "")
		tc.start("c", "")
		tc.settle()
		require.NoError(t, slow.Put(t.Context(), "k", []byte("v")))
		found := 0
		for range 300 {
			tc.setSkew("slow", -2*time.Hour)
			time.AfterFunc(rand.N(3*latency), func() { tc.setSkew("slow", 0) })
			_, ok, err := slow.Get(t.Context(), "k")
			if err == nil {
				require.True(t, ok)
				found++
			} else {
				require.ErrorIs(t, err, kv.ErrAhead)
			}
			time.Sleep(3 * latency)
		}
		assert.Greater(t, found, 10)
	})
}

// Entries of a node that ran alone with a fast clock are set aside when it starts
// with the right one.
func TestEntriesAheadAreSetAside(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 1)
		tc.setSkew("a", time.Hour)
		engine := kv.NewMemory()
		a := tc.startWith("a", "", engine)
		require.NoError(t, a.Put(t.Context(), "k", []byte("ahead")))
		tc.leave("a")
		tc.setSkew("a", 0)
		a = tc.startWith("a", "", engine)
		_, ok, err := a.Get(t.Context(), "k")
		require.NoError(t, err)
		assert.False(t, ok)
		require.NoError(t, a.Put(t.Context(), "k", []byte("right")))
		value, _, err := a.Get(t.Context(), "k")
		require.NoError(t, err)
		assert.Equal(t, "right", string(value))
	})
}

// Entries too far ahead are also set aside when the clock is set back while the node
// runs.
func TestClockSetBackWhileRunning(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 1)
		tc.setSkew("a", time.Hour)
		a := tc.start("a", "")
		require.NoError(t, a.Put(t.Context(), "k", []byte("ahead")))
		tc.setSkew("a", 0)
		_, ok, err := a.Get(t.Context(), "k")
		require.NoError(t, err)
		assert.False(t, ok)
		assert.EqualValues(t, 1, a.Ahead.Load())
		require.NoError(t, a.Put(t.Context(), "k", []byte("right")))
		value, _, err := a.Get(t.Context(), "k")
		require.NoError(t, err)
		assert.Equal(t, "right", string(value))
	})
}

// A repair finds all entries too far ahead, as the clock of its node is slow. The clock is
// set right before it sets them aside: it keeps them.
func TestClockSetRightDuringRepair(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		a := tc.start("a", "")
		tc.start("b", "")
		tc.settle()
		require.NoError(t, a.Put(t.Context(), "k", []byte("v")))
		tc.setSkew("a", -time.Hour)
		ahead, err := a.scanClocks()
		require.NoError(t, err)
		require.Len(t, ahead, 1)
		tc.setSkew("a", 0)
		done, err := a.setAside(t.Context(), ahead)
		require.NoError(t, err)
		assert.True(t, done)
		entries, err := a.Fetch(t.Context(), []string{"k"})
		require.NoError(t, err)
		assert.Len(t, entries, 1)
	})
}

// A joining node with a slow clock tries for ten minutes, and logs the reason a few times.
func TestSlowClockCannotJoin(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		a := tc.start("a", "")
		require.NoError(t, a.Put(t.Context(), "k", []byte("v")))
		tc.setSkew("slow", -20*time.Minute)
		var log logbuf.Buffer
		tc.log = &log
		slow := tc.launch("slow", "", kv.NewMemory(), false)
		time.Sleep(10 * time.Minute)
		assert.Equal(t, StateJoining, slow.current().state("slow"))
		assert.Contains(t, log.String(), "clock difference too large")
		assert.LessOrEqual(t, strings.Count(log.String(), "\n"), 12, log.String())
	})
}
