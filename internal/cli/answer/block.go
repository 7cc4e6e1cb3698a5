package answer

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// blockKeys is the number of keys that are looked up together. The lookups of a
// block share their work, and its keys stay in the first-level cache.
const blockKeys = 512

// cutKeys appends the keys at the beginning of data to dst, until dst holds a block.
// The keys alias the bytes of data: they are not kept, and the bytes do not change
// before their records are written.
func cutKeys(dst []string, data []byte, delimiter byte) (keys []string, rest []byte) {
	const ones, low7 = 0x0101010101010101, 0x7f7f7f7f7f7f7f7f
	pattern := ones * uint64(delimiter)
	start := 0
	for at := 0; at+8 <= len(data) && len(dst) <= blockKeys-8; at += 8 {
		x := binary.LittleEndian.Uint64(data[at:]) ^ pattern // delimiters become zero bytes
		// The sum reaches the top bit of every byte that is not zero.
		for zero := ^(x&low7 + low7 | x | low7); zero != 0; zero &= zero - 1 {
			end := at + bits.TrailingZeros64(zero)/8
			dst = append(dst, keyOf(data[start:end], delimiter))
			start = end + 1
		}
	}
	for data = data[start:]; len(data) > 0 && len(dst) < blockKeys; {
		end := bytes.IndexByte(data, delimiter)
		if end < 0 {
			return append(dst, aliasOf(data)), nil // the last key of a stream
		}
		dst = append(dst, keyOf(data[:end], delimiter))
		data = data[end+1:]
	}
	return dst, data
}

// keyOf returns the key of a line without its end. A newline also removes one \r
// before it.
func keyOf(line []byte, delimiter byte) string {
	if end := len(line) - 1; delimiter == '\n' && end >= 0 && line[end] == '\r' {
		line = line[:end]
	}
	return aliasOf(line)
}

func aliasOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
