package swim

import (
	"sync/atomic"
	"time"
)

// maxLoad bounds each load score, as memberlist does its health score.
const maxLoad = 8

// onTime is by how much an answer in time lowers the score that one late answer
// raises by one: loss, which delays half of the answers at most, keeps it low.
const onTime = 3

// load scores how overloaded this process, its machine and its network are. Late
// answers make indirect probes and suspects, these make work, and work makes
// answers later. So a member whose own timers or whose answers are late does less:
// it probes, repairs and settles less often, and waits longer.
type load struct{ timers, answers atomic.Int32 }

// observe notes how late a timer fired, in relation to its interval. The score
// rises at once and falls step by step.
func (l *load) observe(late, interval time.Duration) {
	now := int32(min(maxLoad, late/interval))
	l.timers.Store(max(now, l.timers.Load()-1))
}

// answered notes an answer to a probe: in time, or after the direct probe. A member
// that does not answer at all says nothing about the load.
func (l *load) answered(inTime bool) {
	for {
		old := l.answers.Load()
		next := min(maxLoad, old+1)
		if inTime {
			next = max(0, old-onTime)
		}
		if l.answers.CompareAndSwap(old, next) {
			return
		}
	}
}

// slowdown returns by how much this member does its work less often, 1 or more:
// by its load, and by its health score, with which memberlist counts unanswered
// probes and false suspicions.
func (c *Cluster) slowdown() int {
	return 1 + c.list.GetHealthScore() + int(c.load.timers.Load()+c.load.answers.Load())
}
