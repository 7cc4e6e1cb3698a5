package ring

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/proxenos/proxenos/rendezvous/prf"
)

// The hash functions of the programs that layouts agree with. None depends on
// the processor, and none allocates.

// fixedMD5 is fixedHash for a layout that hashes by MD5, which FIPS mode forbids.
func fixedMD5(l Layout, h func(string) uint64) error {
	if err := fixedHash(l, h); err != nil {
		return err
	}
	return permitMD5(l)
}

func permitMD5(l Layout) error {
	if err := prf.MD5.Permitted(); err != nil {
		return fmt.Errorf("layout %s: %w", l, err)
	}
	return nil
}

// md5Words returns the MD5 digest of s as four little-endian words.
func md5Words(s string) (words [4]uint32) {
	var digest [16]byte
	prf.MD5.Append(digest[:0], prf.Options{}, s)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(digest[4*i:])
	}
	return words
}

// md5Word returns the first of the four words.
func md5Word(s string) uint64 { return uint64(md5Words(s)[0]) }

// md5BigWord returns the first four bytes of the MD5 digest of s, big-endian.
func md5BigWord(s string) uint32 {
	var digest [16]byte
	prf.MD5.Append(digest[:0], prf.Options{}, s)
	return binary.BigEndian.Uint32(digest[:])
}

// oneAtATime is Bob Jenkins' one-at-a-time hash ("A hash function for hash table
// lookup", Dr. Dobb's, 1997) over signed bytes: libmemcached hashes chars, which
// are signed on x86, so bytes from 0x80 on are negative.
func oneAtATime(s string) uint64 {
	var h uint32
	for i := range len(s) {
		h += uint32(int32(int8(s[i])))
		h += h << 10
		h ^= h >> 6
	}
	h += h << 3
	h ^= h >> 11
	h += h << 15
	return uint64(h)
}

// crc is the CRC-32 of IEEE 802.3, as in zlib and nginx. Package hash/crc32 is
// faster for long keys, but needs a copy of each.
func crc(s string) uint64 {
	sum := ^uint32(0)
	for i := range len(s) {
		sum = crc32.IEEETable[byte(sum)^s[i]] ^ sum>>8
	}
	return uint64(^sum)
}
