//go:build amd64 && !purego

package rendezvous

import "golang.org/x/sys/cpu"

// vectorFrom is the number of nodes from which the vector form is faster.
const vectorFrom = 32

// lanes is the number of seeds that one step of the vector form scores.
const lanes = 16

// haveVector needs AVX-512 with its 64-bit multiplication (DQ).
var haveVector = cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ

// bestAVX512 is best for a number of seeds that is a positive multiple of
// lanes. It returns the score as well.
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
