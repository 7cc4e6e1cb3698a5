package rendezvous

import (
	"slices"
	"strconv"

	"github.com/proxenos/proxenos/rendezvous/prf"
)

// scratch is the memory of a lookup that needs all scores at once. A Set pools
// them, so that lookups do not allocate.
type scratch struct {
	scores     []uint64 // nil without a Scorer
	candidates []candidate
	digits     []byte // of the numbers of slots
	slots      []string
}

func (s *Set[N]) newScratch() any {
	work := &scratch{candidates: make([]candidate, len(s.live))}
	if s.fill != nil {
		work.scores = make([]uint64, len(s.live))
	}
	return work
}

func (s *Set[N]) borrow() *scratch       { return s.scratch.Get().(*scratch) }
func (s *Set[N]) giveBack(work *scratch) { s.scratch.Put(work) }

// candidates scores every live node, by ascending ID.
func (s *Set[N]) candidates(work *scratch, q query) []candidate {
	if s.fill != nil {
		s.fill(work.scores, q.key)
		for i, raw := range work.scores {
			work.candidates[i] = s.candidate(i, raw)
		}
		return work.candidates
	}
	x := expand(q.hash)
	for i, seed := range s.seeds {
		work.candidates[i] = s.candidate(i, x.score(seed))
	}
	return work.candidates
}

// bestFilled is best with a Scorer.
func (s *Set[N]) bestFilled(key string) int {
	work := s.borrow()
	defer s.giveBack(work)
	cs := s.candidates(work, query{key: key})
	top := cs[0]
	for _, c := range cs[1:] {
		if c.beats(top) {
			top = c
		}
	}
	return int(top.index)
}

// slotKey is the key of a slot in memory that the next call reuses.
func (work *scratch) slotKey(slot int) string {
	work.digits = strconv.AppendInt(work.digits[:0], int64(slot), 10)
	return text(work.digits)
}

// slotKeys returns the keys of the slots of many hashes, in memory that the next call
// reuses.
func (work *scratch) slotKeys(shift int, hashes []uint64) []string {
	digits := slices.Grow(work.digits[:0], len(hashes)*len("16777215")) // of the last slot there can be
	slots := work.slots[:0]
	for _, h := range hashes {
		from := len(digits)
		digits = strconv.AppendUint(digits, prf.Finalize(h)>>shift, 10)
		slots = append(slots, text(digits[from:]))
	}
	work.digits, work.slots = digits, slots
	return slots
}
