package swimcmd

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/mapper"
)

func TestPlacementIsBuiltOncePerSetOfNodes(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		var nodes atomic.Pointer[[]mapper.Node]
		nodes.Store(&[]mapper.Node{})
		var builds, building atomic.Int64
		c := newPlacementCache(
			func(context.Context) ([]mapper.Node, error) { return *nodes.Load(), nil },
			func(of []mapper.Node) (*place.Placement, error) {
				require.Equal(t, int64(1), building.Add(1), "one build at a time")
				defer building.Add(-1)
				builds.Add(1)
				time.Sleep(4 * time.Second)
				return &place.Placement{Nodes: of}, nil
			})
		placed, err := c.get(t.Context())
		require.NoError(t, err)
		require.Nil(t, placed)
		require.Zero(t, builds.Load(), "no node can own keys")

		for i, set := range [][]mapper.Node{{{Name: "a"}}, {{Name: "a"}, {Name: "b"}}, {{Name: "a"}, {Name: "b", Weight: 2}}} {
			nodes.Store(&set)
			var group sync.WaitGroup
			for range 20 {
				group.Go(func() {
					placed, err := c.get(t.Context())
					if err != nil || !mapper.Equal(placed.Nodes, set) {
						t.Errorf("set %d: %v, %v", i, placed, err)
					}
				})
			}
			group.Wait()
			require.Equal(t, int64(i+1), builds.Load())
		}
	})
}

func TestWaitForPlacementEndsWithTheRequest(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := newPlacementCache(
			func(context.Context) ([]mapper.Node, error) { return []mapper.Node{{Name: "a"}}, nil },
			func([]mapper.Node) (*place.Placement, error) { time.Sleep(time.Minute); return &place.Placement{}, nil })
		var first sync.WaitGroup
		first.Go(func() { _, _ = c.get(context.Background()) })
		defer first.Wait()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := c.get(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(began))
	})
}
