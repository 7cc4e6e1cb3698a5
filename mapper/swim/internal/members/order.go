package members

import "math/rand/v2"

// probeOrder visits the members in rounds, each in a new random order, as SWIM
// does (Das, Gupta, Motivala 2002, section 4.3). A member that is gone when its
// turn comes is skipped.
type probeOrder struct{ left []string }

// insert gives a member that joins a place in the current round. Otherwise the
// last of many that join at once would not be probed for a whole round.
func (o *probeOrder) insert(name string) {
	o.left = append(o.left, name)
	i, last := rand.IntN(len(o.left)), len(o.left)-1
	o.left[i], o.left[last] = o.left[last], o.left[i]
}

// NextProbe returns the member to probe next: a suspect, if one is wanted and
// there is one, or the next of the round.
func (t *Table) NextProbe(suspect bool) (Node, bool) {
	if suspect {
		if suspects := t.Nodes(Suspect); len(suspects) > 0 {
			return suspects[rand.IntN(len(suspects))], true
		}
	}
	for range 2 {
		for len(t.order.left) > 0 {
			s := t.states[t.order.left[0]]
			t.order.left = t.order.left[1:]
			if s != nil && !s.local && s.status.In(available) {
				return s.node, true
			}
		}
		t.order.refill(t.states)
	}
	return Node{}, false
}

// refill begins a new round.
func (o *probeOrder) refill(states map[string]*state) {
	for name, s := range states {
		if !s.local && s.status.In(available) {
			o.left = append(o.left, name)
		}
	}
	rand.Shuffle(len(o.left), func(i, j int) { o.left[i], o.left[j] = o.left[j], o.left[i] })
}
