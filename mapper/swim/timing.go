package swim

import (
	"math"
	"time"

	"github.com/hashicorp/memberlist"
)

// Timing holds how often members look at each other. The zero value is LAN.
//
// With n members, a member that crashes is shown suspect after about one
// Check and one ProbeTimeout; it is shown offline between
// SuspicionMult·max(1, log10 n)·Probe after the engine's first missed probe
// and six times that, the shorter the more members confirm it.
type Timing struct {
	// Probe is the interval between two probes by the engine, and ProbeTimeout
	// how long an answer may take: the 99th percentile of the round trip.
	Probe, ProbeTimeout time.Duration
	// Gossip is the interval at which news is passed on, and GossipNodes to
	// how many members each time.
	Gossip      time.Duration
	GossipNodes int
	// Retransmit times log10(n+1) is how often each news is passed on by a member.
	Retransmit int
	// SuspicionMult scales the time a suspect has to refute.
	SuspicionMult int
	// IndirectChecks is how many others are asked to look at a member that
	// did not answer.
	IndirectChecks int
	// PushPull is the interval between two exchanges of everything known with
	// one other member. Above 32 members the engine stretches it.
	PushPull time.Duration
	// Stream bounds each TCP connection.
	Stream time.Duration

	// Check is the interval between two checks that make suspicion visible.
	// Each costs one packet and its answer, whatever the number of members.
	Check time.Duration
	// Settle is the interval between the further exchanges that members make
	// while many join at once.
	Settle time.Duration
	// Reconnect is the interval between two attempts to reach a member that
	// is offline, or the peers if nobody else is there. It heals a partition
	// that lasted longer than the engine's memory.
	Reconnect time.Duration
	// Forget is how long an offline member is remembered, and ForgetLeft how
	// long one that left.
	Forget, ForgetLeft time.Duration
}

// LAN is for machines in one place. It takes its protocol figures from
// memberlist's preset of that name, but tells news to four members at a time
// instead of three and five times instead of four, as one rumour in fifty
// died before it had reached all of 60.
func LAN() Timing {
	return Timing{
		Probe:          time.Second,
		ProbeTimeout:   500 * time.Millisecond,
		Gossip:         200 * time.Millisecond,
		GossipNodes:    4,
		Retransmit:     5,
		SuspicionMult:  4,
		IndirectChecks: 3,
		PushPull:       30 * time.Second,
		Stream:         10 * time.Second,
		Check:          200 * time.Millisecond,
		Settle:         500 * time.Millisecond,
		Reconnect:      10 * time.Second,
		Forget:         24 * time.Hour,
		ForgetLeft:     10 * time.Minute,
	}
}

// WAN is LAN with patience for long round trips.
func WAN() Timing {
	t := LAN()
	t.Probe = 5 * time.Second
	t.ProbeTimeout = 3 * time.Second
	t.Gossip = 500 * time.Millisecond
	t.SuspicionMult = 6
	t.PushPull = time.Minute
	t.Stream = 30 * time.Second
	t.Check = 2 * time.Second
	t.Settle = 2 * time.Second
	t.Reconnect = 30 * time.Second
	return t
}

// Local is LAN with the haste that one machine allows.
func Local() Timing {
	t := LAN()
	t.ProbeTimeout = 200 * time.Millisecond
	t.Gossip = 100 * time.Millisecond
	t.SuspicionMult = 3
	t.PushPull = 15 * time.Second
	t.Stream = time.Second
	t.Settle = 300 * time.Millisecond
	t.Reconnect = 3 * time.Second
	return t
}

// apply writes the timing into the engine's configuration.
func (t Timing) apply(c *memberlist.Config) {
	c.ProbeInterval, c.ProbeTimeout = t.Probe, t.ProbeTimeout
	c.GossipInterval, c.GossipNodes = t.Gossip, t.GossipNodes
	c.RetransmitMult = t.Retransmit
	c.SuspicionMult = t.SuspicionMult
	c.IndirectChecks = t.IndirectChecks
	c.PushPullInterval = t.PushPull
	c.TCPTimeout = t.Stream
	c.GossipToTheDeadTime = max(t.PushPull, 30*time.Second)
}

// longestSuspicion is how long n members take at most to agree that one failed,
// counted from the first who suspects it. The engine shortens it the more of
// them confirm the suspicion, down to a sixth.
func (t Timing) longestSuspicion(n int) time.Duration {
	scale := max(1, math.Log10(float64(n)))
	return time.Duration(6 * scale * float64(t.SuspicionMult) * float64(t.Probe))
}
