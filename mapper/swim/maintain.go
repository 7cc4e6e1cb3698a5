package swim

import (
	"context"
	"time"

	"github.com/proxenos/proxenos/internal/retry"
	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

// reapEvery is how often the table drops what is too old.
const reapEvery = time.Second

// maintain reaps members, and starts push-pulls while the cluster grows or
// after gossip was lost.
func (c *Cluster) maintain(ctx context.Context) {
	tick := time.NewTicker(c.timing.Settle / 4)
	defer tick.Stop()
	settle := settling{interval: c.timing.Settle, youngUntil: time.Now().Add(youth)}
	reap := time.NewTicker(reapEvery)
	defer reap.Stop()
	repair := repairs{backoff: retry.Backoff{Min: c.timing.Settle, Max: max(c.timing.Settle, c.timing.PushPull)}}
	for {
		select {
		case m := <-c.ahead:
			c.catchUp(ctx, m, &repair)
		case <-c.grown:
			settle.grew(time.Now(), c.size())
		case <-c.unsettled:
			settle.want(time.Now(), 2)
		case now := <-tick.C:
			if settle.due(now, c.size(), c.slowdown()) {
				c.pushPullRandom(ctx)
			}
		case <-reap.C:
			c.update(func(t *members.Table, now time.Time) {
				t.ExpireUnconfirmed(now)
				t.Reap(now)
			})
		case <-ctx.Done():
			return
		}
	}
}
