package mapper_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/mapper"
)

func TestPolled(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := &polled{nodes: nodesOf("a b")}
		tape := record(t, &mapper.Polled{Source: src, Every: time.Minute})
		require.Equal(t, "[a b]", tape.take(), "at once")
		src.set("a b c")
		require.Empty(t, tape.after(50*time.Second), "not before the interval")
		require.Equal(t, "[a b c]", tape.after(20*time.Second))
		require.Empty(t, tape.after(10*time.Minute), "an equal set is not repeated")
		src.set("")
		require.Equal(t, "[]", tape.after(2*time.Minute), "no nodes is an answer")
		require.InDelta(t, 13, src.asked(), 3)
	})
}

func TestPolledDefault(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := &polled{}
		tape := record(t, &mapper.Polled{Source: src})
		tape.after(10 * mapper.DefaultPoll)
		require.InDelta(t, 11, src.asked(), 1)
	})
}

func TestPolledAsksSoonerAfterAnError(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := &polled{err: errDown}
		tape := record(t, &mapper.Polled{Source: src, Every: time.Minute})
		require.Equal(t, "!down", tape.take())
		require.Equal(t, "!down !down !down", tape.after(time.Second), "after 0.1, 0.3 and 0.7 s")
		tape.after(10 * time.Minute)
		before := src.asked()
		tape.after(10 * time.Minute)
		require.InDelta(t, 10, src.asked()-before, 2, "the interval is the limit")
		src.set("a")
		require.Equal(t, "[a]", tape.after(70*time.Second))
		src.fail(errDown)
		require.Contains(t, tape.after(70*time.Second), "!down !down", "the retries start from the shortest pause")
	})
}

func TestPolledKeepsTheLastSetWithAnError(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := &polled{nodes: nodesOf("a b")}
		var last mapper.Update
		go func() {
			for u := range (&mapper.Polled{Source: src, Every: time.Minute}).Watch(t.Context()) {
				last = u
			}
		}()
		time.Sleep(time.Hour)
		src.fail(errDown)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, errDown, last.Err)
		require.Equal(t, nodesOf("a b"), last.Nodes)
		require.InDelta(t, 2*time.Minute, time.Since(last.Confirmed), float64(90*time.Second), "each answer confirmed the set, though it is not news")
	})
}

func TestPolledGivesUpOnASourceThatHangs(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		tape := record(t, &mapper.Polled{Source: &polled{hang: true}, Every: time.Second})
		require.Empty(t, tape.after(9*time.Second))
		require.Equal(t, "!context deadline exceeded", tape.after(2*time.Second), "10 s at least")
	})
}

func TestPolledEnds(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		tape := record(t, &mapper.Polled{Source: &polled{}, Every: time.Minute})
		tape.stop()
		tape.take()
		require.True(t, tape.ended, "with the context")

		answers := mapper.Func(func(context.Context) ([]mapper.Node, error) { return nil, nil })
		for u := range (&mapper.Polled{Source: answers}).Watch(t.Context()) {
			require.NoError(t, u.Err)
			break // leaves no goroutine: the bubble would not end
		}
	})
}

func TestPolledWatchesAWatcher(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a")
		tape := record(t, &mapper.Polled{Source: src, Every: time.Hour})
		src.set("b")
		require.Equal(t, "[a] [b]", tape.after(time.Second))
		require.Zero(t, src.asked())
	})
}
