package swim

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

const (
	// leaveTimeout bounds how long the gossip of a leave may take.
	leaveTimeout = 3 * time.Second

	// directLeaves is how many members get the leave message directly.
	directLeaves = 64
)

// Leave announces that the member leaves, so that the others show it as
// [StatusLeft] and not as failed. It returns when the gossip has sent that, or
// with the error of the context. Call [Cluster.Close] next in either case.
func (c *Cluster) Leave(ctx context.Context) error {
	c.leaving.take()
	defer c.leaving.release()
	if err := c.Err(); err != nil {
		return err
	}
	if c.left {
		return nil
	}
	c.left = true
	c.sendLeave()
	gone := make(chan error, 1)
	c.parting.Go(func() { gone <- c.list.Leave(leaveTimeout) })
	select {
	case err := <-gone:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sendLeave broadcasts the leave message, and sends it to some members directly,
// ahead of memberlist's own, which does not tell leaving from failing.
func (c *Cluster) sendLeave() {
	var leave members.Message
	c.update(func(t *members.Table, now time.Time) { leave = t.Leave(now) })
	c.broadcast(leave)
	some := c.tableNodes(StatusAvailable)
	rand.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
	for _, to := range some[:min(len(some), directLeaves)] {
		c.sendPacket(to, leave)
	}
}

// Close ends the member. Unless [Cluster.Leave] was called, the others will
// find that it failed. It waits for every goroutine of the member; memberlist's
// own end within the time of a probe. It is idempotent.
func (c *Cluster) Close() error {
	var err error
	c.closing.Do(func() {
		close(c.closed)
		c.stop()
		c.leaving.take() // no leave begins any more
		c.left = true
		c.leaving.release()
		c.parting.Wait() // memberlist must not be shut down while it leaves
		c.lines.close()
		err = c.list.Shutdown()
		c.running.Wait()
	})
	return err
}

// semaphore is a mutex for holders that wait for timers. In a test in virtual
// time, a goroutine that waits for a channel, unlike one that waits for a
// mutex, lets the clock advance.
type semaphore chan struct{}

func (s semaphore) take()    { s <- struct{}{} }
func (s semaphore) release() { <-s }
