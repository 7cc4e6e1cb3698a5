package retry

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
)

func TestBackoff(t *testing.T) {
	t.Parallel()
	pauses := func(b Backoff, n int) (all []time.Duration) {
		for range n {
			all = append(all, b.Next())
		}
		return all
	}
	const s = time.Second
	for name, c := range map[string]struct {
		backoff Backoff
		want    []time.Duration
	}{
		"doubles up to Max": {Backoff{Min: s, Max: 5 * s}, []time.Duration{s, 2 * s, 4 * s, 5 * s, 5 * s}},
		"Min equals Max":    {Backoff{Min: s, Max: s}, []time.Duration{s, s}},
		"Max below Min":     {Backoff{Min: 2 * s, Max: s}, []time.Duration{s, s}},
		"zero value":        {Backoff{}, []time.Duration{0, 0}},
	} {
		require.Equal(t, c.want, pauses(c.backoff, len(c.want)), name)
	}
	b := Backoff{Min: s, Max: 5 * s}
	require.Equal(t, s, b.Next())
	require.Equal(t, 2*s, b.Next())
	b.Reset()
	require.Equal(t, s, b.Next())
}

func TestJitter(t *testing.T) {
	t.Parallel()
	least, greatest := time.Hour, time.Duration(0)
	for range 1000 {
		d := Jitter(time.Second, 0.5, 1.5)
		least, greatest = min(least, d), max(greatest, d)
	}
	require.GreaterOrEqual(t, least, 500*time.Millisecond)
	require.Less(t, greatest, 1500*time.Millisecond)
	require.Greater(t, greatest-least, 900*time.Millisecond, "it varies over the whole range")
	require.Zero(t, Jitter(0, 0.5, 1.5))
}

func TestSleep(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		start := time.Now()
		require.True(t, Sleep(t.Context(), time.Minute))
		require.Equal(t, time.Minute, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.False(t, Sleep(ctx, time.Minute), "the context ends first")
		require.Equal(t, time.Minute+time.Second, time.Since(start))
		require.False(t, Sleep(ctx, 0), "the context is over")
	})
}
