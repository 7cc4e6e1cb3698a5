package rendezvous

import (
	"fmt"
	"iter"
	"runtime"
	"strconv"
	"sync"

	"github.com/proxenos/proxenos/internal/nodeset"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// MinTableBits and MaxTableBits bound the size of a Table: 2 to 2^24 slots.
const (
	MinTableBits = 1
	MaxTableBits = 24
)

// Table is a Set that answers in constant time. It divides the keys into 2^bits
// slots and gives each slot to the node that owns the slot's number as a key.
//
// Slots move as keys do: only those that must move, and in proportion to the
// weights. Shares are whole slots, so use some hundred slots or more for each
// node. A table of 2^16 slots takes 256 KiB; for 100 nodes its fullest has
// about 12 % more slots than the average, and 6 % more with 2^18 slots.
//
// Slots also serve as partitions, for systems that store and move keys in
// groups: [Table.Slot] returns the partition of a key and [Table.Owner] the
// owner of a partition.
//
// A Table is immutable and safe for concurrent use. The zero value and a nil
// *Table have no slots and no nodes.
type Table[N any] struct {
	set    *Set[N]
	owners []int32 // by slot, indices in set.live
	shift  int
	sum    uint64
}

// Table builds the table of 2^bits slots over the nodes of the set. It takes
// the time of 2^bits lookups, divided among the processors. The error is
// [ErrTableBits] unless bits is from MinTableBits to MaxTableBits.
func (s *Set[N]) Table(bits int) (*Table[N], error) {
	t, err := newTable(s, bits)
	if err != nil {
		return nil, err
	}
	t.assign(func(key string, _ int) int { return t.set.best(t.set.whole(key)) })
	return t, nil
}

// newTable makes a table whose slots have no owners yet.
func newTable[N any](s *Set[N], bits int) (*Table[N], error) {
	if bits < MinTableBits || bits > MaxTableBits {
		return nil, fmt.Errorf("table bits %d: %w", bits, ErrTableBits)
	}
	if s == nil || s.hash == nil {
		h := prf.SipHash.Func(prf.Options{})
		s = &Set[N]{hash: h, keyHash: h}
	}
	t := &Table[N]{set: s, shift: 64 - bits}
	sum := nodeset.NewChecksum("rendezvous table v1")
	sum.Uint64(uint64(bits))
	sum.Uint64(s.sum)
	t.sum = sum.Sum()
	return t, nil
}

// assign sets the owner of every slot, on all processors.
func (t *Table[N]) assign(owner func(key string, slot int) int) {
	if t.set.choices() == 0 {
		return
	}
	t.owners = make([]int32, t.Slots())
	var wg sync.WaitGroup
	parts := runtime.GOMAXPROCS(0)
	for p := range parts {
		from, to := len(t.owners)*p/parts, len(t.owners)*(p+1)/parts
		wg.Go(func() {
			work := t.set.borrow()
			defer t.set.giveBack(work)
			for slot := from; slot < to; slot++ {
				t.owners[slot] = int32(owner(work.slotKey(slot), slot))
			}
		})
	}
	wg.Wait()
}

// nodes returns the set of the table, nil for a nil or zero Table.
func (t *Table[N]) nodes() *Set[N] {
	if t == nil {
		return nil
	}
	return t.set
}

// Slots returns the number of slots, a power of two.
func (t *Table[N]) Slots() int {
	if t == nil || t.set == nil {
		return 0
	}
	return 1 << (64 - t.shift)
}

// Slot returns the slot of the key, from 0 to Slots()-1. It depends only on the
// hash and the number of slots: a key never changes its slot.
func (t *Table[N]) Slot(key string) int {
	if t == nil || t.set == nil {
		return 0
	}
	return t.slotOf(t.set.keyHash(key))
}

// slotOf returns the slot of a hashed key.
func (t *Table[N]) slotOf(h uint64) int {
	if t == nil || t.set == nil {
		return 0
	}
	return int(prf.Finalize(h) >> t.shift)
}

// Owner returns the node that owns the slot, or false if there is no such slot
// or every node is drained.
func (t *Table[N]) Owner(slot int) (n N, ok bool) {
	if t == nil || slot < 0 || slot >= len(t.owners) {
		return n, false
	}
	return t.set.live[t.owners[slot]], true
}

// Select returns the node that owns the key, or false if there is none. It
// takes constant time and does not allocate.
func (t *Table[N]) Select(key string) (n N, ok bool) {
	return t.Owner(t.Slot(key))
}

// SelectN appends the n best nodes for the key's slot to dst, as [Set.SelectN]
// does. One node takes constant time, more take time proportional to the number
// of nodes.
func (t *Table[N]) SelectN(dst []N, key string, n int) []N {
	if n == 1 {
		if owner, ok := t.Select(key); ok {
			dst = append(dst, owner)
		}
		return dst
	}
	if n = min(n, t.nodes().choices()); n <= 0 {
		return dst
	}
	work := t.set.borrow()
	defer t.set.giveBack(work)
	return t.set.appendBest(dst, t.set.whole(work.slotKey(t.Slot(key))), n)
}

// Owns reports whether the node with the given ID is among the n best nodes for
// the key's slot, which are those that SelectN returns. It takes as long as
// SelectN and does not allocate.
func (t *Table[N]) Owns(key, id string, n int) bool {
	at, ok := t.nodes().liveIndex(id)
	switch {
	case !ok || n <= 0:
		return false
	case n == 1:
		return t.owners[t.Slot(key)] == int32(at)
	}
	work := t.set.borrow()
	defer t.set.giveBack(work)
	return t.set.isBest(t.set.whole(work.slotKey(t.Slot(key))), at, n)
}

// Rank yields the nodes from best to worst for the key's slot, as [Set.Rank]
// does.
func (t *Table[N]) Rank(key string) iter.Seq[N] {
	return func(yield func(N) bool) {
		if t.nodes().choices() > 0 {
			t.set.rank(t.slotQuery(key), yield)
		}
	}
}

// Scores yields every node with its score for the key's slot, as [Set.Scores]
// does.
func (t *Table[N]) Scores(key string) iter.Seq2[N, Score] {
	return func(yield func(N, Score) bool) {
		if t.Len() > 0 {
			t.set.scores(t.slotQuery(key), yield)
		}
	}
}

// slotQuery returns the query of the key's slot.
func (t *Table[N]) slotQuery(key string) query { return t.set.whole(strconv.Itoa(t.Slot(key))) }

// Len returns the number of nodes, drained ones included.
func (t *Table[N]) Len() int { return t.nodes().Len() }

// All yields every node by ascending ID, drained ones included.
func (t *Table[N]) All() iter.Seq[N] { return t.nodes().All() }

// Node returns the node with the given ID, as [Set.Node] does.
func (t *Table[N]) Node(id string) (n N, ok bool) { return t.nodes().Node(id) }

// Weight returns the weight of the node with the given ID, as [Set.Weight] does.
func (t *Table[N]) Weight(id string) (w float64, ok bool) { return t.nodes().Weight(id) }

// Checksum identifies the placement, as [Set.Checksum] does. It differs from
// that of the set and covers the number of slots.
func (t *Table[N]) Checksum() uint64 {
	if t == nil {
		return 0
	}
	return t.sum
}
