package swim

import "context"

// logEvents logs the events of members until the context ends. It has a queue
// like every consumer of events, so that a slow log handler, or one that calls
// the member, does not block memberlist, which holds its locks meanwhile.
func (c *Cluster) logEvents(ctx context.Context) {
	q := c.subscribe()
	defer c.unsubscribe(q)
	for ctx.Err() == nil {
		select {
		case <-q.ready:
		case <-ctx.Done():
		}
		for _, e := range q.drain() {
			c.logEvent(e)
		}
	}
}

func (c *Cluster) logEvent(e Event) {
	m := e.Member
	switch {
	case e.Status && (m.Previous == 0 || m.Observer || m.Local):
		c.log.Debug("member changed", "member", m.Name, "status", m.Status.String(), "address", m.Addr)
	case e.Status:
		c.log.Info("member changed", "member", m.Name, "status", m.Status.String(), "was", m.Previous.String())
	}
}
