package swim

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/memberlist"
)

// book holds what is known of every member and decides what each piece of
// evidence changes. It knows no clock and no network: the time is an
// argument, and what is to be told is returned. Its owner locks it.
//
// The engine says who is up (joined, gone). Suspicion is made here, as the
// engine hides its own: a member whose answer was missed is suspect in the
// life it had then, until it says that it lives on with a greater beat.
type book struct {
	self   string
	cards  map[string]*card
	clock  uint64 // the greatest of anybody's metadata
	limit  int
	events []Event

	changed   time.Time // when anybody's announcement last changed
	unshown   bool      // what this member shows of itself has changed
	published version   // what memberlist shows of this member
}

// maxLeap bounds how far one message may move a counter, so that nobody can
// move it to where it cannot grow.
const maxLeap = 1 << 32

func newBook(self string, f face, now time.Time) *book {
	b := &book{self: self, cards: map[string]*card{}, limit: MaxMembers, clock: f.clock}
	c := b.add(self)
	c.local, c.up, c.observer = true, true, f.observer
	c.life = f.life()
	c.metadata = f.metadata
	c.announced = version{f.generation, f.clock}
	c.held = c.announced
	b.note(c, now)
	b.settle(c, now)
	b.events = nil
	return b
}

func (b *book) add(name string) *card {
	c := &card{name: name}
	b.cards[name] = c
	return c
}

// me is the member's own card.
func (b *book) me() *card { return b.cards[b.self] }

// take returns the events since the last call.
func (b *book) take() []Event {
	e := b.events
	b.events = nil
	return e
}

// settle gives the card the status that its evidence deserves.
func (b *book) settle(c *card, now time.Time) {
	for _, next := range route(c.status, c.verdict()) {
		c.previous, c.status, c.since = c.status, next, now
		b.events = append(b.events, Event{Member: c.member(), Status: true})
	}
}

// admit says whether the engine may take this member in.
func (b *book) admit(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if b.cards[name] == nil && len(b.cards) >= b.limit && !b.evict() {
		return fmt.Errorf("%d members are known, of %d allowed", len(b.cards), b.limit)
	}
	return nil
}

// evict forgets the member that was gone the longest.
func (b *book) evict() bool {
	var oldest *card
	for _, c := range b.cards {
		if !c.up && !c.local && c.status.In(StatusOffline|StatusLeft) && (oldest == nil || c.since.Before(oldest.since)) {
			oldest = c
		}
	}
	if oldest == nil {
		return false
	}
	b.drop(oldest)
	return true
}

func (b *book) drop(c *card) {
	delete(b.cards, c.name)
	b.events = append(b.events, Event{Member: c.member(), Forgotten: true})
}

// joined notes that the engine holds a member up. It returns whether the
// member was not up before.
func (b *book) joined(n memberlist.Node, f face, now time.Time) bool {
	c := b.cards[n.Name]
	if c == nil {
		c = b.add(n.Name)
	}
	fresh := !c.up
	if !c.stands() {
		c.rebutted = c.suspected // whom the engine took for dead and takes back has refuted that
	}
	c.up, c.hearsay = true, time.Time{}
	b.shown(c, n, f, now)
	return fresh
}

// updated notes what a member shows of itself.
func (b *book) updated(n memberlist.Node, f face, now time.Time) {
	if c := b.cards[n.Name]; c != nil {
		b.shown(c, n, f, now)
	}
}

func (b *book) shown(c *card, n memberlist.Node, f face, now time.Time) {
	c.node = n
	if c.local {
		b.published = version{f.generation, f.clock}
		return
	}
	v, last := version{f.generation, f.clock}, c.life.generation
	restarted := c.advance(f.life()) && last != 0
	turned := f.life().process() == c.life.process() && c.observer != f.observer
	if turned {
		c.observer = f.observer
	}
	if c.announced.before(v) && f.life().process() == c.life.process() {
		c.announced, c.digest, c.asks, c.asked = v, f.digest, 0, time.Time{}
		b.note(c, now)
	}
	b.settle(c, now)
	if f.metadata != nil {
		b.hold(c, v, f.metadata)
	}
	if turned = turned && len(b.events) == 0; turned || restarted {
		b.events = append(b.events, Event{Member: c.member(), Metadata: turned, Restarted: restarted})
	}
}

// gone notes that the engine gave a member up. It returns whether that came
// out of the blue: nobody suspected it and it was not heard to say goodbye.
func (b *book) gone(name string, now time.Time) (sudden bool) {
	c := b.cards[name]
	if c == nil {
		return false
	}
	sudden = c.status == StatusOnline && !c.local
	c.up = false
	b.settle(c, now)
	return sudden
}

// seen notes an answer that this member got itself. It clears the suspicions
// known so far here; the suspect clears them elsewhere. It returns whether the
// engine is yet to meet that member, who is known by hearsay.
func (b *book) seen(name string, now time.Time) (unmet bool) {
	c := b.cards[name]
	if c == nil {
		return false
	}
	if c.suspected > c.rebutted {
		c.rebutted = c.suspected
		b.settle(c, now)
	}
	return !c.up && !c.hearsay.IsZero()
}

// missed notes that a member did not answer this one, and returns the
// suspicion to be told.
func (b *book) missed(name string, now time.Time) (message, bool) {
	c := b.cards[name]
	if c == nil || c.local || !c.stands() || c.status == StatusLeft {
		return message{}, false
	}
	c.suspected = max(c.suspected, c.life.incarnation)
	c.rebutted = min(c.rebutted, c.suspected-1)
	b.settle(c, now)
	return message{kind: kindSuspect, name: name, life: c.lifeAt(c.suspected)}, true
}

// suspicion notes that somebody missed an answer. It returns what is to be
// told: the suspicion if it is news, or that this member itself lives.
func (b *book) suspicion(m message, now time.Time) (message, bool) {
	c := b.cards[m.name]
	switch {
	case c == nil, !c.concerns(m.life):
		return message{}, false
	case c.local:
		return b.refute(m.life.incarnation)
	case m.life.incarnation <= c.suspected, m.life.incarnation < c.life.incarnation:
		return message{}, false
	}
	c.suspected = m.life.incarnation
	b.settle(c, now)
	return m, true
}

// part says goodbye for this member. From now on nothing is refuted.
func (b *book) part(now time.Time) message {
	me := b.me()
	me.left = me.life.incarnation
	b.settle(me, now)
	return message{kind: kindLeave, name: b.self, life: me.life}
}

// refute raises the incarnation of this member above one that was suspected.
func (b *book) refute(incarnation uint64) (message, bool) {
	me := b.me()
	if incarnation < me.life.incarnation || me.left > 0 {
		return message{}, false
	}
	me.life.incarnation = incarnation + 1
	return message{kind: kindAlive, name: b.self, life: me.life}, true
}

// alive notes what a member said of its life, and returns whether it is news.
// What was said in this member's own name is none, but its next word must count
// more.
func (b *book) alive(m message, now time.Time) bool {
	c := b.cards[m.name]
	if c == nil || !c.concerns(m.life) || c.local && c.left > 0 {
		return false
	}
	news := c.advance(m.life)
	b.settle(c, now)
	return news && !c.local
}

// goodbye notes that a member said it leaves. It returns what is to be told:
// the goodbye if it is news, or that this member itself is still there.
func (b *book) goodbye(m message, now time.Time) (message, bool) {
	c := b.cards[m.name]
	switch {
	case c == nil, !c.concerns(m.life):
		return message{}, false
	case c.local:
		return b.refute(m.life.incarnation)
	case m.life.incarnation <= c.left, m.life.incarnation < c.life.incarnation:
		return message{}, false
	}
	c.left = m.life.incarnation
	b.settle(c, now)
	return m, true
}

// received notes metadata that was asked for. What does not match its
// announcement is refused.
func (b *book) received(m message) bool {
	c := b.cards[m.name]
	v := version{m.life.generation, m.clock}
	if c == nil || c.local || v != c.announced || !c.held.before(v) {
		return false
	}
	if sum := digest(appendMetadata(nil, m.metadata)); !bytes.Equal(sum[:], c.digest[:]) {
		return false
	}
	b.hold(c, v, m.metadata)
	return true
}

// hold takes over newer metadata.
func (b *book) hold(c *card, v version, m map[string][]byte) {
	if c.metadata != nil && !c.held.before(v) {
		return
	}
	changed := c.metadata == nil || !equalMetadata(c.metadata, m)
	c.held, c.metadata = v, m
	if v.clock < b.clock+maxLeap {
		b.clock = max(b.clock, v.clock)
	}
	if changed {
		b.events = append(b.events, Event{Member: c.member(), Metadata: true})
	}
}

// change replaces this member's own metadata and reports whether it differs.
func (b *book) change(m map[string][]byte, now time.Time) bool {
	me := b.me()
	if equalMetadata(me.metadata, m) {
		return false
	}
	me.announced.clock = b.clock + 1
	b.hold(me, me.announced, m)
	b.note(me, now)
	b.unshown = true
	return true
}

// supersede gives this member the generation after one that another process
// claimed in its name: the process before a restart, or a namesake. A version
// that this member did not announce is one too.
func (b *book) supersede(claimed life, clock uint64, now time.Time) {
	me := b.me()
	other := claimed.instance != me.life.instance && claimed.generation >= me.life.generation
	unknown := me.held.before(version{claimed.generation, clock})
	if !other && !unknown || claimed.generation >= maxGeneration || me.left > 0 {
		return
	}
	me.life.generation, me.life.incarnation = claimed.generation+1, 1
	me.announced.generation, me.held.generation = me.life.generation, me.life.generation
	b.note(me, now)
	b.unshown = true
	b.events = append(b.events, Event{Member: me.member(), Restarted: true})
}

// face is what this member shows of itself.
func (b *book) face() face {
	me := b.me()
	return face{generation: me.life.generation, instance: me.life.instance, clock: me.held.clock, observer: me.observer, metadata: me.metadata}
}

// wanted lists the members whose announced metadata is missing and due to be
// asked for, and marks them asked. The pause between two requests grows.
func (b *book) wanted(pause time.Duration, now time.Time) []request {
	var due []request
	for _, c := range b.cards {
		if c.local || !c.stands() || !c.held.before(c.announced) {
			continue
		}
		if now.Sub(c.asked) < pause*time.Duration(min(c.asks, 8)) {
			continue
		}
		c.asked, c.asks = now, c.asks+1
		due = append(due, request{name: c.name, version: c.announced, attempt: c.asks})
	}
	return due
}

// request is metadata to be asked for.
type request struct {
	name    string
	version version
	attempt int
}

// forget drops the members that are gone long enough.
func (b *book) forget(t Timing, now time.Time) {
	for _, c := range b.cards {
		gone := now.Sub(c.since)
		switch {
		case c.local, c.up: // whom the engine holds up it would not tell of again
		case c.status == StatusLeft && (gone > t.ForgetLeft || c.observer && gone > observerMemory):
			b.drop(c)
		case c.status == StatusOffline && gone > t.Forget:
			b.drop(c)
		}
	}
}

// observerMemory is how long an observer that left is remembered. There may
// be many: each `proxenos select` is one.
const observerMemory = 10 * time.Second

// members returns everybody sorted by name.
func (b *book) members() []Member {
	all := make([]Member, 0, len(b.cards))
	for _, c := range b.cards {
		all = append(all, c.member())
	}
	slices.SortFunc(all, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// peers returns the nodes of the other members that the engine holds up and
// whose status is in the set, in no order.
func (b *book) peers(set Status) []memberlist.Node {
	var nodes []memberlist.Node
	for _, c := range b.cards {
		if !c.local && c.status.In(set) && c.node.Addr != nil {
			nodes = append(nodes, c.node)
		}
	}
	return nodes
}
