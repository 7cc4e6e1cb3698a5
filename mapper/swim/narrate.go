package swim

import "context"

// narrate logs what happens to members until the context ends. It follows a
// feed like everybody else: the engine, which holds its locks while it tells of
// a change, does not wait for a handler that is slow or asks this member.
func (c *Cluster) narrate(ctx context.Context) {
	f := c.subscribe()
	defer c.unsubscribe(f)
	for ctx.Err() == nil {
		select {
		case <-f.ready:
		case <-ctx.Done():
		}
		for _, e := range f.drain() {
			c.tell(e)
		}
	}
}

// tell logs what an operator wants to know of.
func (c *Cluster) tell(e Event) {
	m := e.Member
	switch {
	case e.Status && (m.Previous == 0 || m.Observer || m.Local):
		c.log.Debug("member changed", "member", m.Name, "status", m.Status.String(), "address", m.Addr)
	case e.Status:
		c.log.Info("member changed", "member", m.Name, "status", m.Status.String(), "was", m.Previous.String())
	}
}
