package ring

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
)

// hashRingDigests is the number of digests of an average node. Each yields four
// points.
const hashRingDigests = 30

// HashRing agrees with the hash_ring module of thrifty-p2p on the owner of every
// key and on the nodes that follow.
//
// An ID is hashed as it is. Capacities divide a total of 120 points per node,
// drained nodes included, so a small one may have none. By a flaw of the
// original, three of four points are shifts of the first word of a digest and not
// its other words; most of these lie beyond every key position.
//
// The original keeps the points of a node whose share shrinks because another
// node is added. With unequal capacities the ring therefore depends on its
// history. [New] builds the ring of nodes that were added all at once. A
// [Builder] records each Add (append in the original) and AddMany (extend), and
// its Remove discards that record.
func HashRing() Layout { return hashRing{} }

type hashRing struct{}

func (hashRing) String() string { return "hash-ring" }
func (hashRing) ordered() bool  { return false }

func (l hashRing) place(members []member, hash func(string) uint64) (*plan, error) {
	if err := fixedMD5(l, hash); err != nil {
		return nil, err
	}
	counts := hashRingCounts(members)
	points := 0.0
	for _, count := range counts {
		points += 4 * count
	}
	if err := checkTotal(points); err != nil {
		return nil, err
	}
	p := &plan{positions: make([]uint64, 0, int(points)), key: hashRingKey, bits: 32, after: true, single: true}
	for i, m := range members {
		p.positions = appendShifted(p.positions, m.id, int(counts[i]))
		p.next()
	}
	return p, nil
}

// era is a state of the original between two additions: the number of nodes and
// their total capacity.
type era struct{ nodes, total float64 }

// hashRingCounts returns the number of digests of each member: the most it had
// in any era since it was added. That depends only on the capacity and the era,
// so it is computed once for each capacity.
func hashRingCounts(members []member) []float64 {
	eras := hashRingEras(members)
	byCapacity := make([]int, len(members))
	for i := range byCapacity {
		byCapacity[i] = i
	}
	slices.SortFunc(byCapacity, func(a, b int) int { return cmp.Compare(members[a].capacity, members[b].capacity) })
	counts := make([]float64, len(members))
	most, last := make([]float64, len(eras)+1), -1.0
	for _, i := range byCapacity {
		m := members[i]
		if m.capacity != last {
			mostSince(most, eras, m.capacity)
			last = m.capacity
		}
		counts[i] = most[m.batch]
	}
	return counts
}

// hashRingEras returns one era for every batch.
func hashRingEras(members []member) []era {
	arrived := slices.Clone(members)
	slices.SortStableFunc(arrived, func(a, b member) int { return cmp.Compare(a.batch, b.batch) })
	var eras []era
	for _, m := range arrived {
		for len(eras) <= m.batch {
			eras = append(eras, era{})
			if n := len(eras); n > 1 {
				eras[n-1] = eras[n-2]
			}
		}
		now := &eras[len(eras)-1]
		now.nodes++
		now.total += m.capacity
	}
	return eras
}

// mostSince sets most, for every era, to the most digests that a node of this
// capacity had in it or later. The division comes last, as in the original; for
// whole capacities it equals the original's integer division as long as the
// dividend fits 53 bits.
func mostSince(most []float64, eras []era, capacity float64) {
	for i := len(eras) - 1; i >= 0; i-- {
		count := 0.0
		if eras[i].total > 0 {
			count = math.Floor(float64(hashRingDigests*eras[i].nodes*capacity) / eras[i].total)
		}
		most[i] = max(most[i+1], count)
	}
}

// appendShifted appends the points of a node: four shifts of the first word of
// each digest, beyond 32 bits.
func appendShifted(dst []uint64, id string, digests int) []uint64 {
	for i := range digests {
		word := uint64(md5BigWord(id + "-" + strconv.Itoa(i)))
		for shift := 0; shift < 16; shift += 4 {
			dst = append(dst, word<<shift)
		}
	}
	return dst
}

// hashRingKey returns the position of a key: from its MD5 digest, or from the key
// itself if it is 32 hexadecimal digits.
func hashRingKey(key string) uint64 {
	var text [32]byte
	if len(key) == len(text) {
		copy(text[:], key)
		if _, err := hex.Decode(text[:], text[:]); err == nil {
			return uint64(binary.BigEndian.Uint32(text[:]))
		}
	}
	return uint64(md5BigWord(key))
}
