package mapper_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/ring"
)

// TestValues: every change of the value, and no other change of the state, is a step.
func TestValues(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a")
		view := followed(t, src, names, mapper.FollowConfig[string]{})
		next, stop := iter.Pull(view.Values(t.Context()))
		defer stop()
		value, _ := next()
		require.Equal(t, "[a]", value)
		src.fail(errDown)
		synctest.Wait()
		src.set("a b")
		value, _ = next()
		require.Equal(t, "[a b]", value, "a failure is no step")
		for _, nodes := range []string{"c", "d", "e"} {
			src.set(nodes)
			synctest.Wait()
		}
		value, _ = next()
		require.Equal(t, "[e]", value, "changes during a step are one")
		src.set("f")
		synctest.Wait()
		view.Close()
		value, ok := next()
		require.True(t, ok, "the last value before the end")
		require.Equal(t, "[f]", value)
		_, ok = next()
		require.False(t, ok, "the source is no longer followed")
	})
}

// TestValuesEndWithTheContext waits in a step when the context ends.
func TestValuesEndWithTheContext(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		view := followed(t, newWatched("a"), names, mapper.FollowConfig[string]{})
		ctx, cancel := context.WithCancel(t.Context())
		steps, ended := 0, make(chan struct{})
		go func() {
			defer close(ended)
			for range view.Values(ctx) {
				steps++
			}
		}()
		synctest.Wait()
		cancel()
		<-ended
		require.Equal(t, 1, steps)
	})
}

// TestHandoversAddUp starts and stops keys by handovers alone. Each node then runs
// what it owns, whatever happened.
func TestHandoversAddUp(t *testing.T) {
	t.Parallel()
	var keys []string
	for i := range 200 {
		keys = append(keys, fmt.Sprint("key ", i))
	}
	all := slices.Values(keys)
	bubble.Test(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 2} {
			src := newWatched("a b c")
			view := followed(t, src, rendezvous.Build[mapper.Node], mapper.FollowConfig[*rendezvous.Set[mapper.Node]]{})
			next, stop := iter.Pull(mapper.Handovers(t.Context(), view, "b", n))
			running, moved := map[string]bool{}, 0
			for _, nodes := range []string{"", "a b", "a b:5 d", "a d", "", "d b", "b", "b a c d e"} {
				if nodes != "" {
					src.set(nodes)
					synctest.Wait()
				}
				if nodes == "" && view.Value().Len() != 3 {
					continue // no change, no handover
				}
				h, ok := next()
				require.True(t, ok)
				for key := range h.Lost(all) {
					require.True(t, running[key], "%s was not gained", key)
					delete(running, key)
					moved++
				}
				for key := range h.Gained(all) {
					require.False(t, running[key], "%s was gained twice", key)
					running[key] = true
					moved++
				}
				for _, key := range keys {
					require.Equal(t, view.Value().Owns(key, "b", max(1, n)), running[key], "%s of %q", key, nodes)
				}
			}
			stop()
			assert.Greater(t, moved, 200)
		}
	})
}

// TestHandoverOfNilValues: before the first value no node owns a key.
func TestHandoverOfNilValues(t *testing.T) {
	t.Parallel()
	r, err := ring.Of("a")
	require.NoError(t, err)
	key := slices.Values([]string{"key"})
	first := mapper.Handover[*ring.Ring[string]]{After: r, ID: "a"}
	assert.Equal(t, []string{"key"}, slices.Collect(first.Gained(key)))
	assert.Empty(t, slices.Collect(first.Lost(key)))
	last := mapper.Handover[mapper.Ownership]{Before: r, ID: "a", N: 1}
	assert.Equal(t, []string{"key"}, slices.Collect(last.Lost(key)))
	assert.Empty(t, slices.Collect(last.Gained(key)))
	for range last.Lost(key) {
		break // a caller may stop early
	}
	wrapped := mapper.Handover[*shards]{After: &shards{r}, ID: "a"}
	assert.Equal(t, []string{"key"}, slices.Collect(wrapped.Gained(key)))
	assert.Empty(t, slices.Collect(wrapped.Lost(key)))
}

// shards is a value of a program, whose nil pointer has no ring to ask.
type shards struct{ ring *ring.Ring[string] }

func (s *shards) Owns(key, id string, n int) bool { return s.ring.Owns(key, id, n) }
