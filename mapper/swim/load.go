package swim

import (
	"sync/atomic"
	"time"
)

// maxLoad bounds the load score, as memberlist does its health score.
const maxLoad = 8

// load scores how late the timers of this process fire. Late answers make
// members suspect, suspects make work, and work makes answers later. So a member
// whose own timers are late does less: it probes, repairs and settles less often,
// and waits longer.
type load struct{ score atomic.Int32 }

// observe notes how late a timer fired, in relation to its interval. The score
// rises at once and falls step by step.
func (l *load) observe(late, interval time.Duration) {
	now := int32(min(maxLoad, late/interval))
	l.score.Store(max(now, l.score.Load()-1))
}

// slowdown returns by how much this member does its work less often, 1 or more:
// as its timers are late, and as its health score says, with which memberlist
// counts unanswered probes and false suspicions.
func (c *Cluster) slowdown() int {
	return 1 + c.list.GetHealthScore() + int(c.load.score.Load())
}
