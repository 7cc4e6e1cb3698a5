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

// Bounds of the size of a Table.
const (
	MinTableBits = 1
	MaxTableBits = 24
)

// Table is a Set that answers in constant time. It divides the keys into 2^bits
// slots and gives each slot to the node that owns the slot's number as a key.
//
// As slots move like keys do, nothing moves that need not, and weights hold;
// but shares are rounded to whole slots, so take at least some hundred slots
// for each node. A table of 2^16 slots takes 256 KiB, and for 100 nodes its
// fullest gets some 12 % more than the average; 2^18 slots bring that to 6 %.
//
// Slots are also the partitions of systems that move keys in batches: Slot
// tells in which partition a key is, and Owner who owns the partition.
//
// A Table is immutable and safe for any number of goroutines.
type Table[N any] struct {
	set    *Set[N]
	owners []int32 // by slot, places in set.live
	shift  int
	sum    uint64
}

// Table builds the table of 2^bits slots over the nodes of the set. It takes
// as long as 2^bits lookups divided by the number of processors. It returns
// ErrTableBits unless bits is from MinTableBits to MaxTableBits.
func (s *Set[N]) Table(bits int) (*Table[N], error) {
	if bits < MinTableBits || bits > MaxTableBits {
		return nil, fmt.Errorf("table of %d bits: %w", bits, ErrTableBits)
	}
	t := &Table[N]{set: s, shift: 64 - bits}
	if len(s.live) > 0 {
		t.owners = make([]int32, 1<<bits)
		t.assign()
	}
	sum := nodeset.NewChecksum("rendezvous table v1")
	sum.Uint64(uint64(bits))
	sum.Uint64(s.sum)
	t.sum = sum.Sum()
	return t, nil
}

// assign gives every slot its owner, using all processors.
func (t *Table[N]) assign() {
	var wg sync.WaitGroup
	parts := runtime.GOMAXPROCS(0)
	for p := range parts {
		from, to := len(t.owners)*p/parts, len(t.owners)*(p+1)/parts
		wg.Go(func() {
			work := t.set.borrow()
			defer t.set.giveBack(work)
			for slot := from; slot < to; slot++ {
				t.owners[slot] = int32(t.set.best(work.slotKey(slot)))
			}
		})
	}
	wg.Wait()
}

// slotKey is the key by which a slot finds its owner: its number in decimal.
func slotKey(slot int) string { return strconv.Itoa(slot) }

// Slots returns the number of slots, a power of two.
func (t *Table[N]) Slots() int { return 1 << (64 - t.shift) }

// Slot returns the slot of the key, from 0 to Slots()-1. It depends on the
// hash and the number of slots alone: a key never changes its slot.
func (t *Table[N]) Slot(key string) int {
	return int(prf.Finalize(t.set.hash(key)) >> t.shift)
}

// Owner returns the node that owns the slot, or false if there is nobody to
// choose or no such slot.
func (t *Table[N]) Owner(slot int) (n N, ok bool) {
	if slot < 0 || slot >= len(t.owners) {
		return n, false
	}
	return t.set.live[t.owners[slot]], true
}

// Select returns the node that owns the key, or false if there is nobody to
// choose. It takes constant time and allocates nothing.
func (t *Table[N]) Select(key string) (n N, ok bool) {
	return t.Owner(t.Slot(key))
}

// SelectN appends the n best nodes for the key's slot to dst, best first, as
// Set.SelectN does. For one node it takes constant time; for more it ranks the
// nodes for the slot, in time proportional to their number.
func (t *Table[N]) SelectN(dst []N, key string, n int) []N {
	if n == 1 {
		if owner, ok := t.Select(key); ok {
			dst = append(dst, owner)
		}
		return dst
	}
	work := t.set.borrow()
	defer t.set.giveBack(work)
	return t.set.SelectN(dst, work.slotKey(t.Slot(key)), n)
}

// Rank yields the nodes from the best for the key's slot to the worst, as
// Set.Rank does.
func (t *Table[N]) Rank(key string) iter.Seq[N] {
	return t.set.Rank(slotKey(t.Slot(key)))
}

// Scores yields every node with its score for the key's slot, as Set.Scores
// does.
func (t *Table[N]) Scores(key string) iter.Seq2[N, Score] {
	return t.set.Scores(slotKey(t.Slot(key)))
}

// Len returns the number of nodes, the drained ones included.
func (t *Table[N]) Len() int { return t.set.Len() }

// All yields every node by ascending ID, the drained ones included.
func (t *Table[N]) All() iter.Seq[N] { return t.set.All() }

// Checksum identifies the placement, as Set.Checksum does. It is different
// from that of the set and covers the number of slots.
func (t *Table[N]) Checksum() uint64 { return t.sum }
