package members

import "time"

// Claims are the messages about a life: alive, suspect, leave. Each names the
// life it is about, so a repeated or replayed one changes nothing.

// claim applies a claim and returns what to broadcast, if anything: the claim
// if it is news, or the refutation of a false claim about the local member.
func (t *Table) claim(m Message, now time.Time) (Message, bool) {
	if m.Name == t.cfg.Name {
		t.supersede(m.Life, 0, now)
	}
	switch m.Kind {
	case KindSuspect:
		return t.suspect(m, now)
	case KindLeave:
		return t.leave(m, now)
	default:
		return m, t.alive(m, now)
	}
}

// suspect notes that a member failed a probe of another one.
func (t *Table) suspect(m Message, now time.Time) (Message, bool) {
	s := t.states[m.Name]
	switch {
	case s == nil, !s.concerns(m.Life):
		return Message{}, false
	case s.local:
		return t.refute(m.Life.Incarnation)
	case m.Life.Incarnation <= s.suspected, m.Life.Incarnation < s.life.Incarnation:
		return Message{}, false
	}
	s.suspected = m.Life.Incarnation
	t.settle(s, now)
	return m, true
}

// leave notes that a member said that it leaves.
func (t *Table) leave(m Message, now time.Time) (Message, bool) {
	s := t.states[m.Name]
	switch {
	case s == nil, !s.concerns(m.Life):
		return Message{}, false
	case s.local:
		return t.refute(m.Life.Incarnation)
	case m.Life.Incarnation <= s.left, m.Life.Incarnation < s.life.Incarnation:
		return Message{}, false
	}
	s.left = m.Life.Incarnation
	t.settle(s, now)
	return m, true
}

// alive notes the incarnation that a member claims for itself, and reports
// whether that is news. In the name of the local member it is not: it only
// raises the incarnation, so that what the member says next counts more.
func (t *Table) alive(m Message, now time.Time) bool {
	s := t.states[m.Name]
	if s == nil || !s.concerns(m.Life) || s.local && s.left > 0 {
		return false
	}
	news := s.advance(m.Life)
	t.settle(s, now)
	return news && !s.local
}

// refute raises the incarnation of the local member above one in a false claim.
func (t *Table) refute(incarnation uint64) (Message, bool) {
	s := t.local()
	if incarnation < s.life.Incarnation || s.left > 0 {
		return Message{}, false
	}
	s.life.Incarnation = incarnation + 1
	return Message{Kind: KindAlive, Name: s.name, Life: s.life}, true
}

// supersede gives the local member the generation after one that another
// process claimed in its name: the process before a restart, or a namesake. A
// clock that the local member did not announce also comes from another process.
func (t *Table) supersede(claimed Life, clock uint64, now time.Time) {
	s := t.local()
	other := claimed.Instance != s.life.Instance && claimed.Generation >= s.life.Generation
	unknown := s.held.before(Version{claimed.Generation, clock})
	if !other && !unknown || claimed.Generation >= MaxGeneration || s.left > 0 {
		return
	}
	if other && t.yields(claimed) {
		t.nameTaken = true
		return
	}
	s.life.Generation, s.life.Incarnation = claimed.Generation+1, 1
	s.announced.Generation, s.held.Generation = s.life.Generation, s.life.Generation
	t.announcedNow(s, now)
	t.unpublished = true
	t.events = append(t.events, Event{Member: s.member(), Restarted: true})
}

// maxRivalClaims is how many generations another process claims before it counts
// as running.
const maxRivalClaims = 3

// yields counts the claims of another process under this name, and reports
// whether the local member gives the name up to it. An earlier process that has
// ended claims one generation, maybe two if members know different ones. A
// process that runs claims the next one whenever this one does. The process that
// claims first, which is the one that started later, gives up first; if both
// claim the same generation, the greater instance gives up.
func (t *Table) yields(claimed Life) bool {
	if t.rivals == nil {
		t.rivals = map[uint64]int{}
	}
	t.rivals[claimed.Instance]++
	s := t.local()
	behind := claimed.Generation > s.life.Generation || claimed.Instance < s.life.Instance
	return t.rivals[claimed.Instance] >= maxRivalClaims && behind
}

// NameTaken reports whether another running process has the name of the local
// member, and the local member gives it up.
func (t *Table) NameTaken() bool { return t.nameTaken }

// Supersede is for node meta in the name of the local member that memberlist
// received. If another process announced it, the local member takes the
// generation after that one's.
func (t *Table) Supersede(meta NodeMeta, now time.Time) {
	t.supersede(meta.life(), meta.Clock, now)
}
