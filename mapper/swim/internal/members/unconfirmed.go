package members

import "time"

// To a member that joins, memberlist passes on which members are alive, and no
// others: it ignores claims about members that it has not contacted. But a
// suspect takes part in placement everywhere else until the cluster agrees that
// it failed; a new member that did not know it would place keys elsewhere. A
// joining member therefore trusts its peer's view of members that it has not
// contacted yet. Such a view is unconfirmed: memberlist does not know the
// member and does not pass it on. It ends when memberlist contacts the member,
// which happens as soon as it answers a probe, or at the latest when the others
// must have agreed.

// Unconfirmed adds a member that memberlist has not contacted, with the status
// that a peer reports. The report of a suspect counts until a point in time.
func (t *Table) Unconfirmed(n Node, status Status, meta NodeMeta, until, now time.Time) {
	known := t.states[n.Name] != nil
	if known || len(t.states) >= t.cfg.Limit || meta.Observer || meta.Generation >= MaxGeneration || CheckName(n.Name) != nil {
		return
	}
	s := t.add(n.Name)
	s.life = meta.life()
	switch status {
	case Suspect:
		s.suspected = s.life.Incarnation
		s.unconfirmed = until
	case Left:
		s.left = s.life.Incarnation
	}
	t.announces(s, n, meta, now)
}

// ExpireUnconfirmed ends the unconfirmed reports that are too old.
func (t *Table) ExpireUnconfirmed(now time.Time) {
	for _, s := range t.states {
		if !s.unconfirmed.IsZero() && now.After(s.unconfirmed) {
			s.unconfirmed = time.Time{}
			t.settle(s, now)
		}
	}
}
