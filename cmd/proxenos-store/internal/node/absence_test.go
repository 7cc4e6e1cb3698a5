package node

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/internal/testkit/bubble"
)

// Keys are deleted while a node is away, for longer than tombstones live. They do not
// come back with the node, and it has all other keys.
func TestAwayForLongerThanTombstones(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		const keys = 40
		tc := newTestCluster(t, 2)
		tc.repair = time.Hour
		tc.start("a", "")
		engine := kv.NewMemory()
		tc.startWith("b", "", engine)
		tc.start("c", "")
		put(t, tc.any(), keys)
		awaitCopies(t, tc, 2)
		tc.kill("b")
		for i := range keys / 2 {
			require.NoError(t, tc.any().Delete(t.Context(), strconv.Itoa(i)))
		}
		time.Sleep(27 * time.Hour) // in which the tombstones expire and are dropped
		b := tc.startWith("b", "", engine)
		tc.settle()
		for i := range keys {
			value, ok, err := b.Get(t.Context(), strconv.Itoa(i))
			require.NoError(t, err)
			assert.Equal(t, i >= keys/2, ok, "key %d is %q", i, value)
		}
		awaitCopies(t, tc, 2)
	})
}

// All nodes were away for as long. They keep their data: it is all there is.
func TestAllAwayForLongerThanTombstones(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		const keys = 40
		tc := newTestCluster(t, 1)
		names := []string{"a", "b", "c"}
		engines := map[string]kv.Engine{}
		for _, name := range names {
			engines[name] = kv.NewMemory()
			tc.startWith(name, "", engines[name])
		}
		put(t, tc.any(), keys)
		awaitCopies(t, tc, 1)
		tc.kill(names...)
		time.Sleep(48 * time.Hour)
		tc.restart(engines)
		assert.Zero(t, lost(t, tc.any(), keys))
	})
}
