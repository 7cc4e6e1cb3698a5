package place

import "iter"

// Ranks ranks the nodes of the keys of a block. It finds the first few of all keys
// together, which takes less time than to rank one key after the other, and the others
// of a key if they are wanted. It is used by one goroutine.
type Ranks struct {
	ranking Ranking
	few     int
	keys    []string
	first   []int // the first nodes of each key
	width   int   // their number
	at      int   // the key of the sequence
	seq     iter.Seq[int]
}

// maxFew is the greatest number of nodes that are found together, to bound the memory
// of a block.
const maxFew = 64

// NewRanks returns the ranks of a ranking. Most keys need no more than the first few
// nodes.
func NewRanks(r Ranking, few int) *Ranks {
	ranks := &Ranks{ranking: r, few: min(few, maxFew)}
	ranks.seq = ranks.each
	return ranks
}

// Rank ranks the nodes of a block of keys.
func (r *Ranks) Rank(keys []string) {
	first, ok := SelectNAll(r.first[:0], r.ranking, keys, r.few)
	if !ok {
		r.few = 0
	}
	r.keys, r.first, r.width = keys, first, len(first)/max(1, len(keys))
}

// Of returns what Rank of the ranking returns for keys[n]. The sequence is valid until
// the next call.
func (r *Ranks) Of(n int) iter.Seq[int] {
	r.at = n
	return r.seq
}

func (r *Ranks) each(yield func(int) bool) {
	for _, i := range r.first[r.at*r.width:][:r.width] {
		if !yield(i) {
			return
		}
	}
	if r.width < r.few {
		return // there are no others
	}
	rank := 0
	for i := range r.ranking.Rank(r.keys[r.at]) {
		if rank++; rank > r.width && !yield(i) {
			return
		}
	}
}
