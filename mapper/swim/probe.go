package swim

import (
	"context"
	"time"

	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

// memberlist suspects members too, but does not report it. So each member
// probes one other every Timing.Check, in a new random order each round. That
// costs each member one probe sent and, on average, one received per interval,
// whatever the size of the cluster.
//
//	0                 a ping packet to the member
//	2/5 ProbeTimeout  no ack: a ping-req by stream, and ping-reqs to others
//	7/5 ProbeTimeout  no ack: suspect, which is broadcast
//
// A member that cannot keep up suspects others wrongly. So one in bad health
// (Lifeguard's health score), with timers that fire late, or that gets late answers,
// probes less often and waits longer, which also leaves all of them less to do.

const (
	// maxProbes bounds the probes in flight, each of which has a goroutine.
	maxProbes = 16

	// lateTimer is how late a timer may fire before the member assumes that its
	// own process did not run: the ack may be waiting.
	lateTimer = 100 * time.Millisecond
)

// probeLoop probes one member after another until the context ends.
func (c *Cluster) probeLoop(ctx context.Context) {
	tick := time.NewTicker(c.timing.Check)
	defer tick.Stop()
	inFlight := make(chan struct{}, maxProbes)
	var turn pace
	for {
		select {
		case due := <-tick.C:
			c.load.observe(c.cfg.lateness(due), c.timing.Check)
		case <-ctx.Done():
			return
		}
		slowdown := c.slowdown()
		probe, suspects := turn.next(slowdown)
		if !probe {
			continue
		}
		target, ok := c.nextProbe(suspects)
		if !ok {
			continue
		}
		select {
		case inFlight <- struct{}{}:
			c.running.Go(func() {
				defer func() { <-inFlight }()
				c.probe(ctx, target, slowdown)
			})
		default: // all wait for acks; this turn is skipped
		}
	}
}

// pace counts turns and probes: a member that slows down skips turns, and every
// second probe is of a suspect, so that a wrong suspicion ends soon.
type pace struct{ turns, probes int }

func (p *pace) next(slowdown int) (probe, suspect bool) {
	probe = p.turns%slowdown == 0
	p.turns++
	if probe {
		suspect = p.probes%2 == 1
		p.probes++
	}
	return probe, suspect
}

func (c *Cluster) nextProbe(suspect bool) (members.Node, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.NextProbe(suspect)
}

// probe finds out whether a member answers: directly, or indirectly. The timeouts
// grow with the slowdown.
func (c *Cluster) probe(ctx context.Context, target members.Node, slowdown int) {
	started := time.Now()
	limit := c.timing.ProbeTimeout * time.Duration(slowdown)
	direct := c.timing.direct() * time.Duration(slowdown)
	c.sendDigest(target)
	nonce, acked := c.acks.expect()
	defer c.acks.cancel(nonce)
	ponged := c.directProbe(target, nonce, slowdown)
	timer := time.NewTimer(direct)
	defer timer.Stop()
	for indirect := false; ; indirect = true {
		select {
		case <-ponged:
			c.answered(ctx, target, time.Since(started))
			return
		case <-acked:
			c.answered(ctx, target, time.Since(started))
			return
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if indirect {
			break
		}
		c.indirectProbe(target, nonce, c.timing.IndirectChecks/slowdown)
		timer.Reset(limit)
	}
	if late := time.Since(started) - direct - limit; late <= lateTimer {
		c.suspect(target.Name)
	}
}

// answered notes that a member answered a probe. One that memberlist does not
// know yet is contacted at once.
func (c *Cluster) answered(ctx context.Context, target members.Node, after time.Duration) {
	c.load.answered(after <= c.timing.direct())
	unconfirmed := false
	c.update(func(t *members.Table, now time.Time) { unconfirmed = t.Answered(target.Name, now) })
	if unconfirmed {
		_, _ = c.pushPull(ctx, []string{target.Addr.String()})
	}
}

// ping waits for memberlist to send a ping and receive its ack.
func (c *Cluster) ping(target members.Node) error {
	_, err := c.list.Ping(target.Name, packetAddr(target.Addr.String()))
	return err
}

// directProbe pings a member by packet, and returns a channel that is closed when
// the pong arrives. memberlist takes no pong after ProbeTimeout, so a member that
// slows down sends a ping of this package, whose ack counts however late it is.
func (c *Cluster) directProbe(target members.Node, nonce uint64, slowdown int) (ponged chan struct{}) {
	ponged = make(chan struct{})
	if slowdown > 1 {
		c.sendPacket(target, members.Message{Kind: members.KindPing, Name: target.Name, Nonce: nonce, From: c.cfg.Name})
		return ponged
	}
	c.running.Go(func() {
		if c.ping(target) == nil {
			close(ponged)
		}
	})
	return ponged
}

// indirectProbe probes a member by stream and asks some helpers to probe it.
func (c *Cluster) indirectProbe(target members.Node, nonce uint64, helpers int) {
	req := members.Message{Kind: members.KindPingReq, Name: target.Name, Nonce: nonce, From: c.cfg.Name}
	for _, helper := range c.randomOnline(helpers, target.Name) {
		c.sendPacket(helper, req)
	}
	c.running.Go(func() { c.sendStream(target, req) })
}

// suspect makes a member suspect, here and everywhere.
func (c *Cluster) suspect(name string) {
	var suspicion members.Message
	var ok bool
	c.update(func(t *members.Table, now time.Time) { suspicion, ok = t.Missed(name, now) })
	if ok {
		c.broadcast(suspicion)
	}
}

// Indirect probes for other members wait for an ack of their own, so few run at
// the same time and few wait. Under more of them, the requests to other members
// count.
const (
	indirectProbers  = 2
	maxIndirectQueue = 4
)

// proberLoop runs the probes that other members request.
func (c *Cluster) proberLoop(ctx context.Context) {
	for {
		select {
		case req := <-c.pingReqs:
			c.probeFor(req)
		case <-ctx.Done():
			return
		}
	}
}

// probeFor probes a member on behalf of another one, and sends an ack there if
// the member answers.
func (c *Cluster) probeFor(req members.Message) {
	from, known := c.node(req.From)
	target, ok := c.node(req.Name)
	if !known || !ok || c.ping(target) != nil {
		return
	}
	c.mu.Lock()
	ack := c.table.Ack(req)
	c.mu.Unlock()
	c.sendPacket(from, ack)
}

// packetAddr is a host:port for memberlist, which only ever prints it.
type packetAddr string

func (packetAddr) Network() string  { return "udp" }
func (a packetAddr) String() string { return string(a) }
