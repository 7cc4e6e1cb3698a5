package swim

import (
	"context"
	"sync"
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
		require.Equal(t, c.want, l.timers.Load(), c.late)
	}
}

func TestLateAnswersCountUnlessMostAreInTime(t *testing.T) {
	t.Parallel()
	var l load
	for i := range maxLoad + 2 {
		l.answered(false)
		require.EqualValues(t, min(i+1, maxLoad), l.answers.Load())
	}
	for _, want := range []int32{5, 2, 0, 0} {
		l.answered(true)
		require.Equal(t, want, l.answers.Load())
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

// TestOverloadEnds has members on a machine that handles four times as many packets
// as they send, and stalls for five seconds. Late answers then make indirect probes
// and suspects, and these make packets, which must not keep the machine busy.
func TestOverloadEnds(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		const size, headroom = 40, 4
		all := settledLab(l, size)
		var packets, suspicions atomic.Int64
		l.net.Tap(func(faultnet.Packet) { packets.Add(1) })
		ctx, cancel := context.WithCancel(t.Context())
		var watching sync.WaitGroup
		defer func() { cancel(); watching.Wait() }()
		for _, c := range all {
			watching.Go(func() {
				for e := range c.Events(ctx) {
					if e.Status && e.Member.Status == StatusSuspect {
						suspicions.Add(1)
					}
				}
			})
		}
		rate := func(seconds int) int {
			before := packets.Load()
			time.Sleep(time.Duration(seconds) * time.Second)
			return int(packets.Load()-before) / seconds
		}
		idle := rate(10)
		l.net.SetCapacity(idle / 5)
		stalled := rate(5)
		l.net.SetCapacity(idle * headroom)
		after := rate(60)
		wrong := suspicions.Load()
		end := rate(20)
		t.Log(idle, "packets a second,", stalled, "in the stall,", after, "in the minute after it,", end, "then;", wrong, "suspicions")
		require.Positive(t, wrong, "the stall makes suspects")
		require.Equal(t, wrong, suspicions.Load(), "suspicions end")
		require.LessOrEqual(t, end, idle*11/10, "so does the work that they make")
		require.True(t, sees(all, StatusOnline, size))
	})
}
