//go:build amd64 && !purego

package rendezvous

import (
	"math/bits"

	"golang.org/x/sys/cpu"
)

// vectorFrom is the number of nodes from which the vector form is faster.
const vectorFrom = 32

// lanes is the number of seeds that one step of the vector form scores.
const lanes = 16

// haveVector reports AVX-512 with its 64-bit multiplication (DQ).
var haveVector = cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ

// bestAVX512 is best for a positive multiple of lanes. It also returns the score.
//
//go:noescape
func bestAVX512(seeds []uint64, k, m uint64) (at int, top uint64)

func (x mixer) bestVector(seeds []uint64) int {
	whole := len(seeds) &^ (lanes - 1)
	start, top := bestAVX512(seeds[:whole], x.k, x.m)
	if at, raw := x.bestOf(seeds[whole:]); raw > top {
		return whole + at
	}
	return start
}

// aboveAVX512 finds the first group of lanes seeds with a score greater than
// than. It returns the index of the group and a bit mask of the seeds with such
// a score, the lowest bit for the first; or len(seeds) if there is none. The
// number of seeds is a multiple of lanes, or zero.
//
//go:noescape
func aboveAVX512(seeds []uint64, k, m, than uint64) (at int, which uint64)

// topsAVX512 divides the seeds into eight parts and returns the greatest score
// of each. The number of seeds is a positive multiple of lanes.
//
//go:noescape
func topsAVX512(seeds []uint64, k, m uint64, tops *[few]uint64)

// sample is how many seeds bestFewVector scores twice. A larger sample costs more
// than the insertions it would save.
const sample = 512

// bestFewVector first takes the greatest score of each of eight parts of a
// sample. At least len(kept) seeds reach the len(kept)-th greatest of these
// scores, and not many more do. It then skips the seeds that do not, lanes at a
// time. Only seeds that are kept cause branches that depend on scores.
func (x mixer) bestFewVector(kept []candidate, seeds []uint64) {
	whole := len(seeds) &^ (lanes - 1)
	var tops [few]uint64
	topsAVX512(seeds[:min(whole, sample)], x.k, x.m, &tops)
	floor := nth(&tops, len(kept))
	if floor == 0 { // no score is less, so nothing would be skipped
		x.bestFewScalar(kept, seeds)
		return
	}
	clear(kept)
	last := &kept[len(kept)-1].raw
	for at := 0; at < whole; at += lanes {
		step, which := aboveAVX512(seeds[at:whole], x.k, x.m, max(floor-1, *last))
		at += step
		for ; which != 0; which &= which - 1 {
			i := at + bits.TrailingZeros64(which)
			if raw := x.score(seeds[i]); raw > *last {
				insertRaw(kept, raw, i)
			}
		}
	}
	x.improve(kept, seeds, whole, len(seeds))
}

// nth returns the n-th greatest of the values, n being at least 1.
func nth(values *[few]uint64, n int) uint64 {
	var top [few]uint64
	for _, v := range values {
		for j := range top[:n] {
			top[j], v = max(top[j], v), min(top[j], v)
		}
	}
	return top[n-1]
}
