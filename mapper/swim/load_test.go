package swim

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/faultnet"
)

func TestLoadRisesAtOnceAndFallsStepByStep(t *testing.T) {
	t.Parallel()
	var l load
	for _, c := range []struct {
		late time.Duration
		want int32
	}{{0, 0}, {199 * time.Millisecond, 0}, {600 * time.Millisecond, 3}, {0, 2}, {time.Hour, maxLoad}, {time.Second, maxLoad - 1}, {0, maxLoad - 2}} {
		l.observe(c.late, 200*time.Millisecond)
		require.Equal(t, c.want, l.score.Load(), c.late)
	}
}

// TestWorkShrinksUnderOverload counts the packets and streams that a member sends
// about a lossy cluster while its timers are late, and while they are not.
func TestWorkShrinksUnderOverload(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		var late atomic.Int64
		all := settledLab(l, 8, func(i int, cfg *Config) {
			if i == 5 {
				cfg.lateness = func(time.Time) time.Duration { return time.Duration(late.Load()) }
			}
		})
		name := all[5].cfg.Name
		var packets atomic.Int64
		l.net.Tap(func(p faultnet.Packet) {
			if p.From == name {
				packets.Add(1)
			}
		})
		minute := func(lateness time.Duration) (sent int64) {
			late.Store(int64(lateness))
			time.Sleep(10 * time.Second)
			before := packets.Load()
			time.Sleep(time.Minute)
			require.True(t, sees(all, StatusOnline, 8))
			return packets.Load() - before
		}
		onTime, overloaded, again := minute(0), minute(10*time.Second), minute(0)
		t.Log(onTime, overloaded, again, "packets in a minute")
		const probes = int64(time.Minute / (200 * time.Millisecond))
		require.Greater(t, onTime-overloaded, probes*3/4, "it sends an eighth of its probes")
		require.Greater(t, again-overloaded, probes*3/4, "and all of them once it is on time")
	})
}
