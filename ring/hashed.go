package ring

import (
	"encoding/binary"
	"fmt"
	"math"
	"sort"
	"strings"

	"github.com/proxenos/proxenos/rendezvous/prf"
)

// DefaultPoints is the default number of points of a node of capacity 1. With it
// the fullest of a hundred equal nodes has 20 % more than its share for half of
// all sets of names, and more than 27 % more for one set in fifteen. Four times the
// points halve that; the package documentation has a table.
const DefaultPoints = 160

// Hashed is the layout of this package, and with [DefaultPoints] the default. It
// gives a node a number of points for each unit of its capacity, at 64-bit
// positions that the hash determines. The circle of points is that of Karger et
// al., "Consistent hashing and random trees" (STOC 1997).
//
// A node of capacity c, in units of [Config].Unit, has points times c of them,
// rounded to the nearest whole number and halves up, but at least one unless c is
// 0. That number does not depend on other nodes, so adding or removing a node, or
// changing its capacity, never moves a key between two others. points is from 1 to
// MaxPoints.
//
// The label of a number is the length of the ID as an unsigned varint, the ID,
// and the number as four big-endian bytes; the length keeps the labels of "node1"
// and "node11" apart. The position of point i of a node is
//
//	Finalize(hash(label of i/20) + i%20 * 0x9e3779b97f4a7c15)
//
// The position of a key is Finalize(hash(key)), and the key belongs to the first
// point at or after it. Finalize is that of package prf; it makes up for weak
// hashes. Deriving twenty points from each hash, as SplitMix64 does, saves three
// quarters of the work of a build. Of points at one position that of the smaller
// ID comes first.
func Hashed(points int) Layout { return hashed(points) }

type hashed int

// defaultHash is SipHash under its published default key, and defaultHashAll that of
// many keys.
var (
	defaultHash    = prf.SipHash.Func(prf.Options{})
	defaultHashAll = prf.SipHash.FuncAll(prf.Options{})
)

func (l hashed) String() string { return fmt.Sprintf("hashed(%d)", int(l)) }
func (l hashed) ordered() bool  { return false }

func (l hashed) place(members []member, h func(string) uint64) (*plan, error) {
	if l < 1 || l > MaxPoints {
		return nil, fmt.Errorf("hashed: %d points, not 1 to %d: %w", int(l), MaxPoints, ErrLayout)
	}
	total, err := l.total(members)
	if err != nil {
		return nil, err
	}
	if h == nil {
		h = defaultHash
	}
	p := &plan{positions: make([]uint64, 0, int(total)), key: h, keyAll: defaultHashAll, finalize: true, bits: 64}
	var text labels
	for _, m := range members {
		p.positions = appendHashed(p.positions, m.id, int(l.count(m)), h, &text)
		p.next()
	}
	return p, nil
}

// total returns the number of points of all members, or an error that names the
// greatest layout for which they fit.
func (l hashed) total(members []member) (float64, error) {
	total := l.sum(members)
	err := checkTotal(total)
	if err == nil {
		return total, nil
	}
	fits := sort.Search(int(l), func(points int) bool { return hashed(points+1).sum(members) > MaxPoints })
	if fits == 0 {
		return 0, fmt.Errorf("%w: a point for each unit is too many, so the unit must be greater", err)
	}
	return 0, fmt.Errorf("%w: for each unit, at most %d fit", err, fits)
}

// sum returns the number of points of all members.
func (l hashed) sum(members []member) (total float64) {
	for _, m := range members {
		total += l.count(m)
	}
	return total
}

// count returns the number of points of a member, as a float64 because the
// product may overflow an integer.
func (l hashed) count(m member) float64 {
	if m.capacity == 0 {
		return 0
	}
	return max(1, math.Round(float64(l)*m.capacity))
}

const (
	pointsPerLabel = 20
	// gamma is the increment of SplitMix64 (Steele, Lea and Flood, 2014).
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

// labels makes the labels of one node after another. A configured hash may keep
// its argument, so labels are substrings of texts that are not written again.
// Texts are long to save allocations.
type labels struct {
	prefix []byte // of all labels of the node
	number uint32 // of the next label
	text   strings.Builder
}

const labelText = 16 << 10

// begin starts the labels of a node.
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
