package answer

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/proxenos/proxenos/internal/batch"
)

// blockKeys is the number of keys that are looked up together. The lookups of a
// block share their work, and its keys stay in the first-level cache.
const blockKeys = 512

// block holds keys that are looked up together.
type block struct {
	keys []string
	data []byte // the keys, each with its delimiter; the last key of a stream may lack it
	ends [blockKeys]uint32
	room [blockKeys]string // of keys
}

// noBytes is the class without bytes.
var noBytes = batch.NewClass(func(byte) bool { return false })

// cut fills the block with the keys at the beginning of data, and returns the rest of
// data and what the vector code found. The keys alias the bytes of data: they are not
// kept, and the bytes do not change before their records are written.
func (b *block) cut(data []byte, delimiter byte, class *batch.Class) (rest []byte, found batch.Found) {
	found = batch.Cut(b.ends[:], data, delimiter, class)
	n, scanned, returns := found.Lines, found.Scanned, found.Returns
	if scanned == 0 || len(data)-scanned < batch.LineRoom {
		n, scanned = b.cutOn(data, delimiter, n, scanned)
		returns = true
	}
	text, start := unsafe.Pointer(unsafe.SliceData(data)), 0
	for i, end := range b.ends[:n] {
		b.room[i] = unsafe.String((*byte)(unsafe.Add(text, start)), int(end)-start)
		start = int(end) + 1
	}
	if returns && delimiter == '\n' {
		trimReturns(b.room[:n])
	}
	if n < blockKeys && scanned == len(data) && start < len(data) { // the last key of a stream
		b.room[n], b.ends[n] = aliasOf(data[start:]), uint32(len(data))
		n, start = n+1, len(data)
	}
	b.keys, b.data = b.room[:n], data[:start]
	return data[start:], found
}

// cutOn adds ends of keys from the offset at on to the first n. It returns their number
// and the offset that it reached.
func (b *block) cutOn(data []byte, delimiter byte, n, at int) (lines, scanned int) {
	const ones, low7 = 0x0101010101010101, 0x7f7f7f7f7f7f7f7f
	pattern := ones * uint64(delimiter)
	for ; at+8 <= len(data) && n <= blockKeys-8; at += 8 {
		x := binary.LittleEndian.Uint64(data[at:]) ^ pattern // delimiters become zero bytes
		// The sum reaches the top bit of every byte that is not zero.
		for zero := ^(x&low7 + low7 | x | low7); zero != 0; zero &= zero - 1 {
			b.ends[n] = uint32(at + bits.TrailingZeros64(zero)/8)
			n++
		}
	}
	for ; at < len(data) && n < blockKeys; at++ {
		if data[at] == delimiter {
			b.ends[n] = uint32(at)
			n++
		}
	}
	return n, at
}

// trimReturns removes one \r at the end of each key.
func trimReturns(keys []string) {
	for i, key := range keys {
		if end := len(key) - 1; end >= 0 && key[end] == '\r' {
			keys[i] = key[:end]
		}
	}
}

func aliasOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
