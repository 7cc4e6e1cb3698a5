package members

import (
	"net/netip"
	"time"
)

// Life identifies one state of one member. Generation counts the starts of its
// process, Incarnation how often this process refuted a false claim. Instance
// is a random number of the process: two processes may claim one generation
// until the second learns of the first.
type Life struct{ Generation, Instance, Incarnation uint64 }

// process returns the life without its incarnation.
func (l Life) process() Life { l.Incarnation = 0; return l }

// Version orders the metadata of one member across restarts.
type Version struct{ Generation, Clock uint64 }

func (v Version) before(w Version) bool {
	return v.Generation < w.Generation || v.Generation == w.Generation && v.Clock < w.Clock
}

// Member is a snapshot of what is known of one member.
type Member struct {
	Name             string
	Addr             netip.AddrPort
	Status, Previous Status
	Since            time.Time // of Status
	Generation       uint64
	Clock            uint64            // of Metadata
	Metadata         map[string][]byte // nil: not known yet; shared, must not be modified
	Local, Observer  bool
}

// state is what is known of one member.
type state struct {
	name     string
	local    bool
	observer bool
	node     Node

	status, previous Status
	since            time.Time

	up          bool      // memberlist holds it up
	unconfirmed time.Time // until when the claims of other members that it is up count; zero: they do not
	life        Life      // the newest known
	suspected   uint64    // the greatest incarnation of this process that failed a probe
	rebutted    uint64    // the greatest suspicion that this member knows to be wrong
	left        uint64    // the greatest incarnation of this process that left

	announced   Version           // of the metadata that the member announced
	announcedAt time.Time         // when this member learned of that
	digest      Digest            // of the announced metadata
	held        Version           // of metadata
	metadata    map[string][]byte // replaced whole, never modified

	requested time.Time // when the announced metadata was last requested
	requests  int       // without an answer
}

// implied returns the status that follows from the evidence.
func (s *state) implied() Status {
	switch {
	case s.left > 0 && s.left >= s.life.Incarnation:
		return Left
	case s.local:
		return Online
	case !s.heldUp():
		return Offline
	case s.suspected >= s.life.Incarnation && s.suspected > s.rebutted:
		return Suspect
	default:
		return Online
	}
}

// heldUp reports whether memberlist holds the member up, or other members claim
// so and memberlist here does not know it yet.
func (s *state) heldUp() bool { return s.up || !s.unconfirmed.IsZero() }

// maxLeap bounds how far one message moves a counter, so that no message can
// use it up.
const maxLeap = 1 << 32

// concerns reports whether a claim is about the known process, with an
// incarnation in reach.
func (s *state) concerns(l Life) bool {
	return l.process() == s.life.process() && l.Incarnation <= s.life.Incarnation+maxLeap
}

// lifeAt returns the life of the known process in another incarnation.
func (s *state) lifeAt(incarnation uint64) Life {
	l := s.life
	l.Incarnation = incarnation
	return l
}

// advance takes over a newer life and reports whether it is newer. A new
// generation voids the claims about the one before. A second process with the
// known generation is ignored until it learns of the first and takes a greater
// one.
func (s *state) advance(l Life) bool {
	switch {
	case l.Generation > s.life.Generation:
		s.suspected, s.rebutted, s.left = 0, 0, 0
	case l.process() != s.life.process(), l.Incarnation <= s.life.Incarnation:
		return false
	}
	s.life = l
	return true
}

func (s *state) member() Member {
	return Member{
		Name:       s.name,
		Addr:       s.node.Addr,
		Status:     s.status,
		Previous:   s.previous,
		Since:      s.since,
		Generation: s.life.Generation,
		Clock:      s.held.Clock,
		Metadata:   s.metadata,
		Local:      s.local,
		Observer:   s.observer,
	}
}
