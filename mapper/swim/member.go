package swim

import (
	"net"
	"strconv"
	"time"

	"github.com/hashicorp/memberlist"
)

// Member is one member of the cluster as this one sees it.
type Member struct {
	// Name is unique in the cluster.
	Name string `json:"name"`
	// Addr is where the member gossips, as host:port.
	Addr string `json:"address"`
	// Status is what is believed of it, since StatusTime; Previous is what
	// was believed before, or zero.
	Status     Status    `json:"status"`
	StatusTime time.Time `json:"since"`
	Previous   Status    `json:"previous"`
	// Generation counts the starts of the member's process under its name: a
	// greater one is another process. See [Config.Generation].
	Generation uint64 `json:"generation"`
	// Clock numbers the member's metadata: every change has a greater one
	// than any change that the member had seen from anybody.
	Clock uint64 `json:"clock"`
	// Metadata is what the member says of itself. It is nil while unknown,
	// and shared: it must not be modified.
	Metadata map[string][]byte `json:"metadata"`
	// Local marks the member itself.
	Local bool `json:"local,omitzero"`
	// Observer marks a member that watches and takes no part in placement.
	Observer bool `json:"observer,omitzero"`
}

// card is what is known of one member.
type card struct {
	name     string
	local    bool
	observer bool
	node     memberlist.Node // where to send

	status, previous Status
	since            time.Time

	up        bool      // the engine's opinion
	hearsay   time.Time // until when others are believed that it is up; zero: they are not asked
	life      life      // the newest known
	suspected uint64    // the greatest incarnation of this process that failed a probe
	rebutted  uint64    // the greatest suspicion that this member knows to be wrong
	left      uint64    // the greatest incarnation of this process that left

	announced version           // what the member says it has
	heard     time.Time         // when this member learned of that
	digest    [digestSize]byte  // of what it announced
	held      version           // what metadata holds
	metadata  map[string][]byte // replaced whole, never changed

	asked time.Time // for the announced metadata
	asks  int       // without an answer
}

// version orders the metadata of one member, over restarts too.
type version struct{ generation, clock uint64 }

func (v version) before(w version) bool {
	return v.generation < w.generation || v.generation == w.generation && v.clock < w.clock
}

// verdict derives the status from the evidence.
func (c *card) verdict() Status {
	switch {
	case c.left > 0 && c.left >= c.life.incarnation:
		return StatusLeft
	case c.local:
		return StatusOnline
	case !c.stands():
		return StatusOffline
	case c.suspected >= c.life.incarnation && c.suspected > c.rebutted:
		return StatusSuspect
	default:
		return StatusOnline
	}
}

// lifeAt returns the life of the known process with another incarnation.
func (c *card) lifeAt(incarnation uint64) life {
	l := c.life
	l.incarnation = incarnation
	return l
}

// concerns reports whether a claim is about the known process. A claim that
// moves the incarnation too far is refused, or it could be used up.
func (c *card) concerns(l life) bool {
	return l.process() == c.life.process() && l.incarnation <= c.life.incarnation+maxLeap
}

// advance takes over a newer life. A new generation voids what was said about
// the one before. A process that claims the known generation of another one is
// ignored until it has learned of that and claims a greater one.
func (c *card) advance(l life) (news bool) {
	switch {
	case l.generation > c.life.generation:
		c.suspected, c.rebutted, c.left = 0, 0, 0
	case l.process() != c.life.process(), l.incarnation <= c.life.incarnation:
		return false
	}
	c.life = l
	return true
}

func (c *card) member() Member {
	return Member{
		Name:       c.name,
		Addr:       net.JoinHostPort(c.node.Addr.String(), strconv.Itoa(int(c.node.Port))),
		Status:     c.status,
		StatusTime: c.since,
		Previous:   c.previous,
		Generation: c.life.generation,
		Clock:      c.held.clock,
		Metadata:   c.metadata,
		Local:      c.local,
		Observer:   c.observer,
	}
}
