package main

import (
	"hash/crc32"
	"hash/fnv"
	"strconv"

	"github.com/proxenos/proxenos/rendezvous/prf"
)

var siphash = prf.SipHash.Func(prf.Options{})

// input makes what a plugged-in hash function would give for the keys and for
// the names of the nodes.
type input struct {
	name string
	key  func(i int) uint64
	node func(i int) uint64
}

var inputs = []input{
	{
		"sequential",
		func(i int) uint64 { return uint64(i) },
		func(i int) uint64 { return uint64(i) },
	},
	{
		"weak: multiples of 2^20",
		func(i int) uint64 { return uint64(i) << 20 },
		func(i int) uint64 { return uint64(i) << 40 },
	},
	{
		"weak: fnv-1a of names that differ at the end",
		func(i int) uint64 { return fnv64("user:" + strconv.Itoa(i)) },
		func(i int) uint64 { return fnv64("server" + strconv.Itoa(i)) },
	},
	{
		"32-bit: crc32",
		func(i int) uint64 { return crc("user:" + strconv.Itoa(i)) },
		func(i int) uint64 { return crc("server" + strconv.Itoa(i)) },
	},
	{
		"well hashed: siphash",
		func(i int) uint64 { return siphash("user:" + strconv.Itoa(i)) },
		func(i int) uint64 { return siphash("server" + strconv.Itoa(i)) },
	},
}

// seeds prepares the hashes of n nodes; each set has other nodes.
func (in input) seeds(m mixer, n, set int) []uint64 {
	seeds := make([]uint64, n)
	for i := range seeds {
		seeds[i] = m.prepare(in.node(1 + set*n + i))
	}
	return seeds
}

func fnv64(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // never fails, by the contract of hash.Hash
	return h.Sum64()
}

func crc(s string) uint64 { return uint64(crc32.ChecksumIEEE([]byte(s))) }
