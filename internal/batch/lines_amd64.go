//go:build amd64 && !purego

package batch

import "golang.org/x/sys/cpu"

// haveLines256 reports AVX2 with the instructions for bits that processors with AVX2
// have, too.
var haveLines256 = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasPOPCNT

func haveLines() bool { return haveLines256 }

func haveDigits() bool { return haveAVX512 }

func digits(dst []byte, state uint64, n int) { digits512(&dst[0], state, n) }

func cut(ends []uint32, data []byte, delimiter byte, class *Class) Found {
	var n, scanned int
	var found, others, returns uint64
	if haveAVX512 {
		n, scanned, found, others, returns = cut512(&ends[0], len(ends), &data[0], len(data), uint64(delimiter), &class.tables)
	} else {
		n, scanned, found, others, returns = cut256(&ends[0], len(ends), &data[0], len(data), uint64(delimiter), &class.tables)
	}
	return Found{n, scanned, found != 0 || class.others && others != 0, returns != 0}
}

func (t *Texts) paste(dst, data []byte, ends []uint32, owners []int) (written, done int) {
	var head *byte
	if t.headSize > 0 {
		head = &t.head[0]
	}
	if haveAVX512 {
		return paste512(&dst[0], &data[0], len(data), &ends[0], &owners[0], len(ends), head, t.headSize, &t.rows[0], t.stride)
	}
	return paste256(&dst[0], &data[0], len(data), &ends[0], &owners[0], len(ends), head, t.headSize, &t.rows[0], t.stride)
}

//go:noescape
func cut512(ends *uint32, room int, data *byte, n int, delimiter uint64, class *[32]byte) (count, scanned int, found, others, returns uint64)

//go:noescape
func cut256(ends *uint32, room int, data *byte, n int, delimiter uint64, class *[32]byte) (count, scanned int, found, others, returns uint64)

//go:noescape
func paste512(dst, data *byte, limit int, ends *uint32, owners *int, n int, head *byte, headSize int, rows *byte, stride int) (written, done int)

//go:noescape
func paste256(dst, data *byte, limit int, ends *uint32, owners *int, n int, head *byte, headSize int, rows *byte, stride int) (written, done int)

//go:noescape
func digits512(dst *byte, state uint64, n int)
