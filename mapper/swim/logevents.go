package swim

import (
	"context"
	"log/slog"
	"time"
)

// logEvents logs the events of members until the context ends. It has a queue
// like every consumer of events, so that a slow log handler, or one that calls
// the member, does not block memberlist, which holds its locks meanwhile.
func (c *Cluster) logEvents(ctx context.Context) {
	q := c.subscribe()
	defer c.unsubscribe(q)
	tick := time.NewTicker(sumUpEvery)
	defer tick.Stop()
	l := newEventLog(c.log)
	for ctx.Err() == nil {
		select {
		case <-q.ready:
		case <-tick.C:
			l.sumUp()
		case <-ctx.Done():
		}
		for _, e := range q.drain() {
			l.add(e, time.Now())
		}
	}
	l.sumUp()
}

// A machine that cannot keep up suspects members and takes that back, many times
// a second. So the lines about each member, and those about all, are rate
// limited, and the changes beyond are summed up in one line.
const (
	memberBurst, memberEvery = 4, 30 * time.Second
	totalBurst, totalEvery   = 40, time.Second
	sumUpEvery               = 10 * time.Second
)

// eventLog logs status changes of members.
type eventLog struct {
	log     *slog.Logger
	total   rateLimit
	members map[string]*rateLimit

	changes int               // not logged yet
	changed map[string]Status // by them: the latest status of each member
}

func newEventLog(log *slog.Logger) *eventLog {
	return &eventLog{
		log:     log,
		total:   rateLimit{burst: totalBurst, every: totalEvery},
		members: map[string]*rateLimit{},
		changed: map[string]Status{},
	}
}

// add logs an event, or counts it.
func (l *eventLog) add(e Event, now time.Time) {
	m := e.Member
	switch {
	case e.Reaped:
		delete(l.members, m.Name)
	case !e.Status:
	case m.Previous == 0 || m.Observer || m.Local:
		l.log.Debug("member changed", "member", m.Name, "status", m.Status.String(), "address", m.Addr)
	case l.allow(m.Name, now):
		delete(l.changed, m.Name)
		l.log.Info("member changed", "member", m.Name, "status", m.Status.String(), "was", m.Previous.String())
	default:
		l.changes++
		l.changed[m.Name] = m.Status
	}
}

func (l *eventLog) allow(name string, now time.Time) bool {
	limit := l.members[name]
	if limit == nil {
		limit = &rateLimit{burst: memberBurst, every: memberEvery}
		l.members[name] = limit
	}
	if _, ok := limit.allow(now); !ok {
		return false
	}
	_, ok := l.total.allow(now)
	return ok
}

// sumUp logs one line about the changes that were counted: how many there were,
// and how many members have which status after them.
func (l *eventLog) sumUp() {
	if l.changes == 0 {
		return
	}
	count := map[Status]int{}
	for _, s := range l.changed {
		count[s]++
	}
	l.log.Info("members changed", "changes", l.changes, "online", count[StatusOnline], "suspect", count[StatusSuspect], "offline", count[StatusOffline], "left", count[StatusLeft])
	l.changes = 0
	clear(l.changed)
}
