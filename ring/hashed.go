package ring

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/proxenos/proxenos/rendezvous/prf"
)

// DefaultPoints is the number of points a node of capacity 1 has by default.
// With it the fullest of a hundred equal nodes has a fifth more than its share
// for half of all sets of names, and more than 27 % for one set in fifteen;
// four times the points halve that.
const DefaultPoints = 160

// Hashed is the layout of this package, and with DefaultPoints the default: a
// node has points for each unit of its capacity, spread by the hash function
// over 64-bit positions.
//
// A node of capacity c has points times c of them, rounded to the nearest whole
// number and halves up, but at least one unless c is 0. That number does not
// depend on the other nodes, so a node that comes, goes or changes its capacity
// moves no key between two others. points lies between 1 and MaxPoints.
//
// A label is the length of the ID as an unsigned varint, the ID, and a number
// as four bytes, big end first; the length keeps "node1" and "node11" from
// sharing one. Point i of a node lies at
//
//	Finalize(hash(label of i/20) + i%20 * 0x9e3779b97f4a7c15)
//
// and a key lands at Finalize(hash(key)) and belongs to the first point at or
// after it. Finalize is the 64-bit finalizer of MurmurHash3 and makes up for
// weak hash functions; to take twenty points from each hash, as SplitMix64
// would, saves three quarters of the work of a build. Two points in one place
// both stay, the smaller ID first.
//
// The circle of points is that of Karger et al., "Consistent hashing and random
// trees" (STOC 1997).
func Hashed(points int) Layout { return hashed(points) }

type hashed int

func (l hashed) String() string { return fmt.Sprintf("hashed(%d)", int(l)) }
func (l hashed) ordered() bool  { return false }

func (l hashed) lay(members []member, h func(string) uint64) (*plan, error) {
	if l < 1 || l > MaxPoints {
		return nil, fmt.Errorf("hashed: %d points, not 1 to %d: %w", int(l), MaxPoints, ErrLayout)
	}
	total := 0.0
	for _, m := range members {
		total += l.count(m)
	}
	if err := checkTotal(total); err != nil {
		return nil, err
	}
	if h == nil {
		h = prf.SipHash.Func(prf.Options{})
	}
	p := &plan{positions: make([]uint64, 0, int(total)), key: h, mixed: true, bits: 64}
	var text labels
	for _, m := range members {
		p.positions = appendHashed(p.positions, m.id, int(l.count(m)), h, &text)
		p.next()
	}
	return p, nil
}

// count returns how many points a member has, as a float64 because the product
// may exceed every integer.
func (l hashed) count(m member) float64 {
	if m.capacity == 0 {
		return 0
	}
	return max(1, math.Round(float64(l)*m.capacity))
}

const (
	pointsPerLabel = 20
	// gamma is the step of SplitMix64 (Steele, Lea and Flood, 2014), the
	// fraction of the golden ratio.
	gamma = 0x9e3779b97f4a7c15
)

// appendHashed appends the n points of a node.
func appendHashed(dst []uint64, id string, n int, h func(string) uint64, l *labels) []uint64 {
	l.begin(id)
	for ; n > 0; n -= pointsPerLabel {
		x := h(l.next())
		for range min(n, pointsPerLabel) {
			dst = append(dst, prf.Finalize(x))
			x += gamma
		}
	}
	return dst
}

// labels makes the labels of one node after another. A plugged-in hash function
// may keep what it is given, so they are cut from texts that are never written
// again, and those are long, as each is an allocation.
type labels struct {
	prefix []byte // what all labels of the node begin with
	number uint32 // of the next label
	text   strings.Builder
}

const labelText = 16 << 10

// begin turns to the next node.
func (l *labels) begin(id string) {
	l.prefix = append(binary.AppendUvarint(l.prefix[:0], uint64(len(id))), id...)
	l.number = 0
}

// next returns the next label of the node.
func (l *labels) next() string {
	size := len(l.prefix) + 4
	if l.text.Cap()-l.text.Len() < size {
		l.text.Reset()
		l.text.Grow(max(labelText, size))
	}
	var number [4]byte
	binary.BigEndian.PutUint32(number[:], l.number)
	l.text.Write(l.prefix)
	l.text.Write(number[:])
	l.number++
	text := l.text.String()
	return text[len(text)-size:]
}
