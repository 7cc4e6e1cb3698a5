package ring

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"

	"github.com/proxenos/proxenos/rendezvous/prf"
	"github.com/proxenos/proxenos/ring/internal/keyhash"
)

// pointHash turns the labels of a node into its points.
type pointHash struct {
	name   string
	add    func(dst []uint64, l nodeLabel, n int) []uint64 // appends n points
	bits   int                                             // width of a point
	md5    bool
	chain  bool // all points come from one label
	binary bool // labels are numbers of four bytes
}

// pointHashes are the point hashes that are not key hashes.
var pointHashes = []pointHash{
	{name: "md5-4le32", add: addWords, bits: 32, md5: true},
	{name: "md5-4le32-rest", add: addWordsAndRest, bits: 32, md5: true},
	{name: "md5-be32-shifts", add: addShifted, bits: 32, md5: true},
	{name: "crc32-chain", add: addChain, bits: 32, chain: true},
	{name: "avalanche32", add: addAvalanche, bits: 32, binary: true},
}

func parsePointHash(name string) (pointHash, error) {
	if i := slices.IndexFunc(pointHashes, func(p pointHash) bool { return p.name == name }); i >= 0 {
		return pointHashes[i], nil
	}
	if h, ok := keyhash.Find(name); ok {
		return singly(h), nil
	}
	var names []string
	for _, p := range pointHashes {
		names = append(names, p.name)
	}
	return pointHash{}, fmt.Errorf("point hash %q is not one of %s and the key hashes: %w", name, strings.Join(names, ", "), ErrLayout)
}

func (p pointHash) permitted() error {
	if !p.md5 {
		return nil
	}
	return prf.MD5.Permitted()
}

// singly makes a point of each label.
func singly(h keyhash.Hash) pointHash {
	return pointHash{name: h.Name, bits: h.Bits, md5: h.MD5, add: func(dst []uint64, l nodeLabel, n int) []uint64 {
		for i := range n {
			dst = append(dst, h.Sum(l.at(i)))
		}
		return dst
	}}
}

// addWords makes four points of each label, and none of a label that has room for
// fewer.
func addWords(dst []uint64, l nodeLabel, n int) []uint64 {
	for i := range n / 4 {
		for _, word := range keyhash.MD5Words(l.at(i)) {
			dst = append(dst, uint64(word))
		}
	}
	return dst
}

// addWordsAndRest adds the points that do not fill a label where python-continuum
// leaves them.
func addWordsAndRest(dst []uint64, l nodeLabel, n int) []uint64 {
	dst = addWords(dst, l, n)
	for i := range n % 4 {
		dst = append(dst, uint64(i))
	}
	return dst
}

// addShifted makes four points of each label, of which most lie beyond 32 bits, as
// thrifty-p2p does.
func addShifted(dst []uint64, l nodeLabel, n int) []uint64 {
	for i := range n / 4 {
		word := uint64(keyhash.MD5Big(l.at(i)))
		for shift := 0; shift < 16; shift += 4 {
			dst = append(dst, word<<shift)
		}
	}
	return dst
}

func addChain(dst []uint64, l nodeLabel, n int) []uint64 {
	base := uint32(keyhash.CRC32(l.before))
	var previous [4]byte
	for range n {
		sum := crc32.Update(base, crc32.IEEETable, previous[:])
		dst = append(dst, uint64(sum))
		binary.LittleEndian.PutUint32(previous[:], sum)
	}
	return dst
}

func addAvalanche(dst []uint64, l nodeLabel, n int) []uint64 {
	for i := range n {
		dst = append(dst, uint64(keyhash.Avalanche(l.number<<12+uint32(i))))
	}
	return dst
}
