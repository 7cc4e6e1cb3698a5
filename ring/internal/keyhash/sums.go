package keyhash

import (
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"

	"github.com/proxenos/proxenos/rendezvous/prf"
)

func md5Sum(s string) (digest [16]byte) {
	prf.MD5.Append(digest[:0], prf.Options{}, s)
	return digest
}

// MD5Words returns the MD5 digest of s as four little-endian words.
func MD5Words(s string) (words [4]uint32) {
	digest := md5Sum(s)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(digest[4*i:])
	}
	return words
}

func md5Little(s string) uint64 { return uint64(MD5Words(s)[0]) }

// MD5Big returns the first four bytes of the MD5 digest of s, big-endian.
func MD5Big(s string) uint32 {
	digest := md5Sum(s)
	return binary.BigEndian.Uint32(digest[:])
}

func md5Big(s string) uint64 { return uint64(MD5Big(s)) }

func md5Last(s string) uint64 {
	digest := md5Sum(s)
	return binary.BigEndian.Uint64(digest[8:])
}

// MD5OrHex is MD5Big, except that it takes 32 hexadecimal digits for the digest
// itself, as the hash_ring module of thrifty-p2p does.
func MD5OrHex(key string) uint64 {
	var text [32]byte
	if len(key) == len(text) {
		copy(text[:], key)
		if _, err := hex.Decode(text[:], text[:]); err == nil {
			return uint64(binary.BigEndian.Uint32(text[:]))
		}
	}
	return md5Big(key)
}

func sha256Last(s string) uint64 {
	var digest [32]byte
	prf.SHA256.Append(digest[:0], prf.Options{}, s)
	return uint64(binary.LittleEndian.Uint32(digest[28:]))
}

// oneAtATime is Bob Jenkins' one-at-a-time hash ("A hash function for hash table
// lookup", Dr. Dobb's, 1997) over signed bytes, as in libmemcached and twemproxy.
func oneAtATime(s string) uint64 {
	var h uint32
	for i := range len(s) {
		h += signed(s[i])
		h += h << 10
		h ^= h >> 6
	}
	h += h << 3
	h ^= h >> 11
	h += h << 15
	return uint64(h)
}

// signed extends the sign of a byte.
func signed(b byte) uint32 { return uint32(int32(int8(b))) }

// CRC32 is the CRC-32 of IEEE 802.3, as in zlib and nginx. Package hash/crc32 is
// faster for long keys, but needs a copy of each.
func CRC32(s string) uint64 {
	sum := ^uint32(0)
	for i := range len(s) {
		sum = crc32.IEEETable[byte(sum)^s[i]] ^ sum>>8
	}
	return uint64(^sum)
}

// crc32Middle is bits 16 to 30 of the CRC-32, as in libmemcached and twemproxy.
func crc32Middle(s string) uint64 { return CRC32(s) >> 16 & 0x7fff }

var crc16Table = func() (table [256]uint16) {
	for i := range table {
		sum := uint16(i) << 8
		for range 8 {
			top := sum >> 15
			sum = sum<<1 ^ top*0x1021
		}
		table[i] = sum
	}
	return table
}()

// CRC16 is CRC-16/XMODEM, as the specification of Redis Cluster has it.
func CRC16(s string) uint64 {
	var sum uint16
	for i := range len(s) {
		sum = sum<<8 ^ crc16Table[byte(sum>>8)^s[i]]
	}
	return uint64(sum)
}

// crc16Wide is CRC16 in 32 bits that keeps what is shifted out of its 16, as in
// twemproxy.
func crc16Wide(s string) uint64 {
	var sum uint32
	for i := range len(s) {
		sum = sum<<8 ^ uint32(crc16Table[byte(sum>>8)^s[i]])
	}
	return uint64(sum)
}

// The parameters of FNV (Fowler, Noll and Vo, 1991).
const (
	offset32 = 2166136261
	prime32  = 16777619
	offset64 = 14695981039346656037
	prime64  = 1099511628211
)

// low returns the low half of a parameter. The low half of a product depends on
// nothing else, so it gives the low half of a 64-bit hash.
func low(x uint64) uint32 { return uint32(x) }

// fnv1 returns FNV-1 in 32 bits over signed bytes, as in libmemcached and
// twemproxy.
func fnv1(offset, prime uint32) func(string) uint64 {
	return func(s string) uint64 {
		h := offset
		for i := range len(s) {
			h = h*prime ^ signed(s[i])
		}
		return uint64(h)
	}
}

// fnv1a returns FNV-1a in 32 bits over signed bytes.
func fnv1a(offset, prime uint32) func(string) uint64 {
	return func(s string) uint64 {
		h := offset
		for i := range len(s) {
			h = (h ^ signed(s[i])) * prime
		}
		return uint64(h)
	}
}

// fnv1a64 is FNV-1a in 64 bits, as in package hash/fnv.
func fnv1a64(s string) uint64 {
	h := uint64(offset64)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * prime64
	}
	return h
}

// sdbm is the hash of the database library sdbm.
func sdbm(s string) uint64 {
	var h uint32
	for i := range len(s) {
		h = uint32(s[i]) + h<<6 + h<<16 - h
	}
	return uint64(h)
}

// djb2 is Daniel J. Bernstein's hash: times 33, plus the byte.
func djb2(s string) uint64 {
	h := uint32(5381)
	for i := range len(s) {
		h = h*33 + uint32(s[i])
	}
	return uint64(h)
}

// Avalanche is Bob Jenkins' hash of a 32-bit integer with full avalanche
// (burtleburtle.net/bob/hash/integer.html, public domain), times a prime that
// spreads the results, as HAProxy has it.
func Avalanche(a uint32) uint32 {
	a = a + 0x7ed55d16 + a<<12
	a = a ^ 0xc761c23c ^ a>>19
	a = a + 0x165667b1 + a<<5
	a = (a + 0xd3a2646c) ^ a<<9
	a = a + 0xfd7046c5 + a<<3
	a = a ^ 0xb55a4f09 ^ a>>16
	return a * 3221225473
}

func avalanched(h func(string) uint64) func(string) uint64 {
	return func(s string) uint64 { return uint64(Avalanche(uint32(h(s)))) }
}

// murmur2 is MurmurHash2 (Appleby, 2008) with the seed of Apache Kafka's clients,
// without the sign bit.
func murmur2(s string) uint64 {
	const m = 0x5bd1e995
	h, n := 0x9747b28c^uint32(len(s)), len(s)&^3
	for i := 0; i < n; i += 4 {
		k := uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
		k *= m
		k ^= k >> 24
		h = h*m ^ k*m
	}
	for i := len(s) - 1; i >= n; i-- {
		h ^= uint32(s[i]) << (8 * (i - n))
	}
	if n < len(s) {
		h *= m
	}
	h ^= h >> 13
	h *= m
	h ^= h >> 15
	return uint64(h & 0x7fffffff)
}
