package rendezvous

import "iter"

// Rank yields the nodes that are not drained from best to worst for the key.
// It scores every node once, and each step takes time logarithmic in their
// number; stopping early saves work.
func (s *Set[N]) Rank(key string) iter.Seq[N] {
	return func(yield func(N) bool) {
		if s.choices() > 0 {
			s.rank(s.query(key), yield)
		}
	}
}

// rank yields the live nodes from best to worst. There is at least one.
func (s *Set[N]) rank(q query, yield func(N) bool) {
	for c := range s.ranked(q) {
		if !yield(s.live[c.index]) {
			return
		}
	}
}

// Scores yields every node with its score: those that are not drained in the
// order of Rank, then the drained ones by ascending ID.
func (s *Set[N]) Scores(key string) iter.Seq2[N, Score] {
	return func(yield func(N, Score) bool) {
		if s.Len() > 0 {
			s.scores(s.query(key), yield)
		}
	}
}

// scores yields every node with its score. There is at least one.
func (s *Set[N]) scores(q query, yield func(N, Score) bool) {
	for c := range s.ranked(q) {
		w := s.all.Weights[s.places[c.index]]
		if !yield(s.live[c.index], Score{Raw: c.raw, Weight: w, Value: weigh(c.raw, w)}) {
			return
		}
	}
	for i, w := range s.all.Weights {
		if w == 0 && !yield(s.all.Nodes[i], Score{Raw: s.drainedScore(i, q)}) {
			return
		}
	}
}

// drainedScore is the raw score that a drained node would have. It is 0 with a
// Scorer, which does not get the drained nodes.
func (s *Set[N]) drainedScore(i int, q query) uint64 {
	if s.fill != nil {
		return 0
	}
	return expand(q.hash).score(seedOf(s.all.IDs[i], s.hash))
}

// ranked yields the live nodes with their scores, from best to worst. A heap
// orders them, so that stopping early saves most of the work.
func (s *Set[N]) ranked(q query) iter.Seq[candidate] {
	return func(yield func(candidate) bool) {
		work := s.borrow()
		defer s.giveBack(work)
		cs := s.candidates(work, q)
		for i := len(cs)/2 - 1; i >= 0; i-- {
			sink(cs, i)
		}
		for n := len(cs); n > 0; n-- {
			if !yield(cs[0]) {
				return
			}
			cs[0] = cs[n-1]
			sink(cs[:n-1], 0)
		}
	}
}

// sink restores the heap below i, in which no child beats its parent.
func sink(cs []candidate, i int) {
	for {
		child := 2*i + 1
		if child >= len(cs) {
			return
		}
		if child+1 < len(cs) && cs[child+1].beats(cs[child]) {
			child++
		}
		if !cs[child].beats(cs[i]) {
			return
		}
		cs[i], cs[child] = cs[child], cs[i]
		i = child
	}
}
