package swim

import (
	"math"
	"time"

	"github.com/hashicorp/memberlist"
)

// Timing configures how often members probe each other, gossip and reap. The
// zero value means [LAN].
//
// With n members, a member that crashes is suspect everywhere after about one
// Check and one ProbeTimeout. It is offline between
// SuspicionMult·max(1, log10 n)·Probe after the first failed probe of memberlist
// and six times that, the sooner the more members confirm it.
type Timing struct {
	// Probe is the interval between two probes of memberlist. ProbeTimeout bounds
	// the wait for the answer to a probe: the 99th percentile of the round trip.
	Probe, ProbeTimeout time.Duration
	// Gossip is the interval between two rounds of gossip. Each goes to
	// GossipNodes members.
	Gossip      time.Duration
	GossipNodes int
	// Retransmit times log10(n+1) is how often a member sends each message.
	Retransmit int
	// SuspicionMult scales the time that a suspect has to refute.
	SuspicionMult int
	// IndirectChecks is how many other members probe one that did not answer.
	IndirectChecks int
	// PushPull is the interval between two push-pulls, in each of which two
	// members exchange everything they know. Above 32 members, memberlist
	// lengthens it.
	PushPull time.Duration
	// Stream bounds the life of each TCP connection.
	Stream time.Duration

	// Check is the interval between two probes of this package, which show
	// suspects. Each costs one packet and its answer, whatever the number of
	// members.
	Check time.Duration
	// Settle is the interval between the push-pulls while many members join.
	Settle time.Duration
	// Reconnect is the interval between two attempts to reach an offline member,
	// or the peers if no other member is known. It heals partitions that outlast
	// the memory of memberlist.
	Reconnect time.Duration
	// ReapOffline is how long a member stays known after it went offline, and
	// ReapLeft how long after it left.
	ReapOffline, ReapLeft time.Duration
}

// LAN is the timing for machines in one network. Its protocol figures are those
// of memberlist's preset of that name, except that it gossips to four members
// instead of three, and five times instead of four: otherwise one message in
// fifty does not reach all of 60 members.
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
		ReapOffline:    24 * time.Hour,
		ReapLeft:       10 * time.Minute,
	}
}

// WAN returns LAN timings lengthened for long round trips.
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

// Local returns LAN timings shortened for a single host.
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

// apply writes the timing into the configuration of memberlist.
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

// direct returns how long a member waits for the answer to a direct probe before
// it starts indirect ones.
func (t Timing) direct() time.Duration { return t.ProbeTimeout * 2 / 5 }

// longestSuspicion returns how long n members take at most to agree that one of
// them failed, from the first suspicion. The more members confirm it, the
// shorter memberlist makes it, down to a sixth.
func (t Timing) longestSuspicion(n int) time.Duration {
	scale := max(1, math.Log10(float64(n)))
	return time.Duration(6 * scale * float64(t.SuspicionMult) * float64(t.Probe))
}
