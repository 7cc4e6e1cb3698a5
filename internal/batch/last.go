package batch

import "encoding/binary"

// LastWord returns the last word that SipHash takes from a key: the bytes that follow
// the whole words, and the length in the top byte. Its branches depend only on whether
// the key has four or eight bytes.
func LastWord(b []byte) uint64 {
	rest, top := uint(len(b)%8), uint64(len(b))<<56
	switch {
	case len(b) >= 8:
		return LongLastWord(b)
	case len(b) >= 4:
		low, high := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[len(b)-4:])
		return uint64(low) | uint64(high)<<(8*rest-32) | top
	case len(b) > 0: // the byte in the middle is the first or the last, too, of one or two
		return uint64(b[0]) | uint64(b[len(b)/2])<<(8*(rest/2)) | uint64(b[len(b)-1])<<(8*rest-8) | top
	default:
		return top
	}
}

// LongLastWord is LastWord for keys of eight bytes and more. The compiler inlines it.
func LongLastWord(b []byte) uint64 {
	rest, top := uint(len(b)%8), uint64(len(b))<<56
	return binary.LittleEndian.Uint64(b[len(b)-8:])>>8>>((56-8*rest)&63) | top // one shift by 64 is slow in Go
}

// lastBlock returns the last block that MurmurHash3_x86_32 takes from a key: the bytes
// that follow the whole blocks.
func lastBlock(b []byte) uint32 {
	rest := uint(len(b) % 4)
	switch {
	case len(b) >= 4:
		return uint32(uint64(binary.LittleEndian.Uint32(b[len(b)-4:])) >> ((32 - 8*rest) & 63))
	case len(b) > 0: // the byte in the middle is the first or the last, too, of one or two
		return uint32(b[0]) | uint32(b[len(b)/2])<<(8*(rest/2)) | uint32(b[len(b)-1])<<(8*rest-8)
	default:
		return 0
	}
}
