// Package keyhash provides the hash functions of other programs by name.
//
// None depends on the processor, and none allocates. Programs that are written in
// C and hash chars do so as on x86, where a char is signed.
package keyhash

import (
	"slices"
	"strings"

	"github.com/proxenos/proxenos/rendezvous/prf"
)

// Hash is a hash function with the width of its results.
type Hash struct {
	Name string
	Bits int // 32 or 64; a narrower result counts as 32 bits wide
	Sum  func(string) uint64
	All  func(sums []uint64, keys []string) // Sum of many keys; nil calls Sum for each
	MD5  bool                               // hashes by MD5, which FIPS mode forbids
}

// Permitted returns an error that wraps [prf.ErrFIPS] if this process must not
// use the hash.
func (h Hash) Permitted() error {
	if !h.MD5 {
		return nil
	}
	return prf.MD5.Permitted()
}

var hashes = []Hash{
	{Name: "crc16", Bits: 32, Sum: CRC16},
	{Name: "crc16-wide", Bits: 32, Sum: crc16Wide},
	{Name: "crc32", Bits: 32, Sum: CRC32},
	{Name: "crc32-15", Bits: 32, Sum: crc32Middle},
	{Name: "crc32-avalanche", Bits: 32, Sum: avalanched(CRC32)},
	{Name: "djb2", Bits: 32, Sum: djb2},
	{Name: "djb2-avalanche", Bits: 32, Sum: avalanched(djb2)},
	{Name: "fnv1-32", Bits: 32, Sum: fnv1(offset32, prime32)},
	{Name: "fnv1-64-low32", Bits: 32, Sum: fnv1(low(offset64), low(prime64))},
	{Name: "fnv1a-32", Bits: 32, Sum: fnv1a(offset32, prime32)},
	{Name: "fnv1a-64", Bits: 64, Sum: fnv1a64},
	{Name: "fnv1a-64-low32", Bits: 32, Sum: fnv1a(low(offset64), low(prime64))},
	{Name: "md5-be32", Bits: 32, Sum: md5Big, MD5: true},
	{Name: "md5-be32-or-hex", Bits: 32, Sum: MD5OrHex, MD5: true},
	{Name: "md5-last64", Bits: 64, Sum: md5Last, MD5: true},
	{Name: "md5-le32", Bits: 32, Sum: md5Little, MD5: true},
	{Name: "murmur2-31", Bits: 32, Sum: murmur2},
	{Name: "murmur3-32", Bits: 32, Sum: prf.MMH32.Func(prf.Options{}), All: prf.MMH32.FuncAll(prf.Options{})},
	{Name: "murmur3-64", Bits: 64, Sum: prf.MMH64.Func(prf.Options{}), All: prf.MMH64.FuncAll(prf.Options{})},
	{Name: "one-at-a-time", Bits: 32, Sum: oneAtATime},
	{Name: "sdbm", Bits: 32, Sum: sdbm},
	{Name: "sdbm-avalanche", Bits: 32, Sum: avalanched(sdbm)},
	{Name: "sha256-last32", Bits: 32, Sum: sha256Last},
	{Name: "xxhash64", Bits: 64, Sum: XXHash64},
}

// XXHash64 is XXH64 (Collet, 2012) with seed 0.
func XXHash64(s string) uint64 { return prf.XXHash64(s, 0) }

// Find returns the hash of that name.
func Find(name string) (Hash, bool) {
	i, ok := slices.BinarySearchFunc(hashes, name, func(h Hash, name string) int { return strings.Compare(h.Name, name) })
	if !ok {
		return Hash{}, false
	}
	return hashes[i], true
}

// Names returns the names of all hashes in ascending order.
func Names() []string {
	names := make([]string, len(hashes))
	for i, h := range hashes {
		names[i] = h.Name
	}
	return names
}

// Alias is the name that a program gives a hash.
type Alias struct{ Name, Hash string }

// Aliases are the hashes of a program. The first is its default.
type Aliases []Alias

// Find returns the hash that the program calls by that name; an empty name is
// the default.
func (a Aliases) Find(name string) (Hash, bool) {
	if name == "" {
		name = a[0].Name
	}
	i := slices.IndexFunc(a, func(alias Alias) bool { return alias.Name == name })
	if i < 0 {
		return Hash{}, false
	}
	return Find(a[i].Hash)
}

// Names returns the names of the hashes in the program, the default first.
func (a Aliases) Names() []string {
	names := make([]string, len(a))
	for i, alias := range a {
		names[i] = alias.Name
	}
	return names
}

// Twemproxy are the values of "hash" in a pool of twemproxy that this module
// knows.
var Twemproxy = Aliases{
	{"fnv1a_64", "fnv1a-64-low32"}, {"fnv1_64", "fnv1-64-low32"}, {"fnv1a_32", "fnv1a-32"}, {"fnv1_32", "fnv1-32"},
	{"one_at_a_time", "one-at-a-time"}, {"md5", "md5-le32"},
	{"crc16", "crc16-wide"}, {"crc32", "crc32-15"}, {"crc32a", "crc32"},
}

// Libmemcached are the values of MEMCACHED_BEHAVIOR_HASH that this module knows,
// in lower case.
var Libmemcached = Aliases{
	{"one_at_a_time", "one-at-a-time"}, {"md5", "md5-le32"}, {"crc", "crc32-15"},
	{"fnv1_64", "fnv1-64-low32"}, {"fnv1a_64", "fnv1a-64-low32"}, {"fnv1_32", "fnv1-32"}, {"fnv1a_32", "fnv1a-32"},
}

// HAProxy are the functions of "hash-type consistent" that this module knows,
// with the modifier "avalanche" as a suffix.
var HAProxy = Aliases{
	{"sdbm-avalanche", "sdbm-avalanche"}, {"sdbm", "sdbm"},
	{"djb2-avalanche", "djb2-avalanche"}, {"djb2", "djb2"},
	{"crc32-avalanche", "crc32-avalanche"}, {"crc32", "crc32"},
}
