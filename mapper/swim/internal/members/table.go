// Package members is the member table of package swim: what one member knows of
// all members, and how each piece of evidence changes it. It knows no network
// and no clock: the time is an argument, and what is to be sent is returned.
//
// memberlist decides which members are up (Joined, Gone). Suspicion is decided
// here, as memberlist hides its own: a member that failed a probe is suspect in
// the incarnation it had then, until it refutes that with a greater one.
//
// A packet takes three steps: [Decode], [Message.Apply], and what the [Reply]
// says.
package members

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Config describes the local member and the limits of its table.
type Config struct {
	Name         string
	Meta         NodeMeta      // with all metadata
	Limit        int           // on known members; 0 means MaxMembers
	DigestWindow Window        // the ages of the changes in a digest
	Refetch      time.Duration // least pause between two requests for one member's metadata
	ReapOffline  time.Duration // after which an offline member is removed
	ReapLeft     time.Duration // after which one that left is removed
}

// Window is a span of ages.
type Window struct{ From, To time.Duration }

// Table holds the state of every known member. Its owner locks it.
type Table struct {
	cfg    Config
	states map[string]*state
	clock  uint64 // the greatest metadata clock of any member
	events []Event
	order  probeOrder
	served served

	changed     time.Time // when any announcement last changed
	unpublished bool      // the local node meta has changed
	published   Version   // of the node meta that memberlist holds

	rivals    map[uint64]int // claims of other processes under this name, by instance
	nameTaken bool
}

// Node is where a member receives packets.
type Node struct {
	Name string
	Addr netip.AddrPort // invalid: not known yet
}

// Event is one change of one member.
type Event struct {
	Member                              Member
	Status, Metadata, Restarted, Reaped bool
}

// New returns the table of a member that knows only itself.
func New(cfg Config, now time.Time) *Table {
	if cfg.Limit == 0 {
		cfg.Limit = MaxMembers
	}
	t := &Table{cfg: cfg, states: map[string]*state{}, clock: cfg.Meta.Clock}
	s := t.add(cfg.Name)
	s.local, s.up, s.observer = true, true, cfg.Meta.Observer
	s.life = cfg.Meta.life()
	s.metadata = cfg.Meta.Metadata
	s.announced = cfg.Meta.version()
	s.held = s.announced
	t.announcedNow(s, now)
	t.settle(s, now)
	t.events = nil
	return t
}

func (t *Table) add(name string) *state {
	s := &state{name: name}
	t.states[name] = s
	return s
}

// local returns the state of the local member.
func (t *Table) local() *state { return t.states[t.cfg.Name] }

// Take returns the events since the last call.
func (t *Table) Take() []Event {
	e := t.events
	t.events = nil
	return e
}

// Len returns how many members are known.
func (t *Table) Len() int { return len(t.states) }

// settle gives the member the status that its evidence implies.
func (t *Table) settle(s *state, now time.Time) {
	for _, next := range path(s.status, s.implied()) {
		s.previous, s.status, s.since = s.status, next, now
		t.events = append(t.events, Event{Member: s.member(), Status: true})
	}
}

// announcedNow notes when this member learned what another one announces.
func (t *Table) announcedNow(s *state, now time.Time) { s.announcedAt, t.changed = now, now }

// Admit returns an error if memberlist must not accept the member. In a full
// table, the member that has been gone the longest makes room.
func (t *Table) Admit(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if t.states[name] == nil && len(t.states) >= t.cfg.Limit && !t.reapOldest() {
		return fmt.Errorf("%d members are known, of %d allowed", len(t.states), t.cfg.Limit)
	}
	return nil
}

// Joined notes that memberlist holds a member up, and reports whether it was
// not up before.
func (t *Table) Joined(n Node, meta NodeMeta, now time.Time) (fresh bool) {
	s := t.states[n.Name]
	if s == nil {
		s = t.add(n.Name)
	}
	fresh = !s.up
	if !s.heldUp() {
		s.rebutted = s.suspected // memberlist accepts a dead node again only after it refuted the claim
	}
	s.up, s.unconfirmed = true, time.Time{}
	t.announces(s, n, meta, now)
	if fresh {
		t.order.insert(n.Name)
	}
	return fresh
}

// Updated notes the new node meta of a member.
func (t *Table) Updated(n Node, meta NodeMeta, now time.Time) {
	if s := t.states[n.Name]; s != nil {
		t.announces(s, n, meta, now)
	}
}

// announces notes what a member announces about itself in its node meta.
func (t *Table) announces(s *state, n Node, meta NodeMeta, now time.Time) {
	s.node = n
	v, last := meta.version(), s.life.Generation
	if s.local {
		t.published = v
		return
	}
	restarted := s.advance(meta.life()) && last != 0
	current := meta.life().process() == s.life.process()
	turned := current && s.observer != meta.Observer
	if turned {
		s.observer = meta.Observer
	}
	if current && s.announced.before(v) {
		s.announced, s.digest, s.requests, s.requested = v, meta.Digest, 0, time.Time{}
		t.announcedNow(s, now)
	}
	t.settle(s, now)
	if meta.Metadata != nil {
		t.hold(s, v, meta.Metadata)
	}
	if turned = turned && len(t.events) == 0; turned || restarted {
		t.events = append(t.events, Event{Member: s.member(), Metadata: turned, Restarted: restarted})
	}
}

// Gone notes that memberlist gave a member up. It reports whether that was
// sudden: without a suspicion or a leave message.
func (t *Table) Gone(name string, now time.Time) (sudden bool) {
	s := t.states[name]
	if s == nil {
		return false
	}
	sudden = s.status == Online && !s.local
	s.up = false
	t.settle(s, now)
	return sudden
}

// Answered notes that a member answered a probe of this one. That clears the
// suspicions known so far here; elsewhere the member itself refutes them. It
// reports whether the member is unconfirmed, so that memberlist does not know
// it yet.
func (t *Table) Answered(name string, now time.Time) (unconfirmed bool) {
	s := t.states[name]
	if s == nil {
		return false
	}
	if s.suspected > s.rebutted {
		s.rebutted = s.suspected
		t.settle(s, now)
	}
	return !s.up && !s.unconfirmed.IsZero()
}

// Missed notes that a member failed a probe of this one, and returns the
// suspicion to broadcast.
func (t *Table) Missed(name string, now time.Time) (Message, bool) {
	s := t.states[name]
	if s == nil || s.local || !s.heldUp() || s.status == Left {
		return Message{}, false
	}
	s.suspected = max(s.suspected, s.life.Incarnation)
	s.rebutted = min(s.rebutted, s.suspected-1)
	t.settle(s, now)
	return Message{Kind: KindSuspect, Name: name, Life: s.lifeAt(s.suspected)}, true
}

// Leave notes that the local member leaves, and returns the message to
// broadcast. From now on it refutes nothing.
func (t *Table) Leave(now time.Time) Message {
	s := t.local()
	s.left = s.life.Incarnation
	t.settle(s, now)
	return Message{Kind: KindLeave, Name: s.name, Life: s.life}
}

// Members returns all members sorted by name.
func (t *Table) Members() []Member {
	all := make([]Member, 0, len(t.states))
	for _, s := range t.states {
		all = append(all, s.member())
	}
	slices.SortFunc(all, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Local returns the local member.
func (t *Table) Local() Member { return t.local().member() }

// Node returns where another member receives packets, if that is known.
func (t *Table) Node(name string) (Node, bool) {
	s := t.states[name]
	if s == nil || s.local || !s.node.Addr.IsValid() {
		return Node{}, false
	}
	return s.node, true
}

// IsAddr reports whether an available member has the address.
func (t *Table) IsAddr(a netip.Addr) bool {
	for _, s := range t.states {
		if s.status.In(available) && s.node.Addr.Addr() == a {
			return true
		}
	}
	return false
}

// Nodes returns where the other members with a status of the set receive
// packets, in no order.
func (t *Table) Nodes(set Status) []Node {
	var nodes []Node
	for _, s := range t.states {
		if !s.local && s.status.In(set) && s.node.Addr.IsValid() {
			nodes = append(nodes, s.node)
		}
	}
	return nodes
}
