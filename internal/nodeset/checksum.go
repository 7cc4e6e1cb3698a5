package nodeset

import (
	"encoding/binary"

	"github.com/proxenos/proxenos/rendezvous/prf"
)

// checksumHash has a key of its own, so that checksums are independent of every
// other use of SipHash in this module.
var checksumHash = prf.SipHash.Func(prf.Options{Key: (*[16]byte)([]byte("proxenos sum  v1"))})

// Checksum collects what a placement depends on. Strings are written with their
// length, so that different sequences of writes differ.
type Checksum struct{ buf []byte }

// NewChecksum starts the checksum of an algorithm, named with its version.
func NewChecksum(algorithm string) *Checksum {
	c := new(Checksum)
	c.String(algorithm)
	return c
}

// String adds a string.
func (c *Checksum) String(s string) {
	c.buf = append(binary.AppendUvarint(c.buf, uint64(len(s))), s...)
}

// Uint64 adds a number.
func (c *Checksum) Uint64(x uint64) { c.buf = binary.BigEndian.AppendUint64(c.buf, x) }

// Sum returns the checksum of everything added so far.
func (c *Checksum) Sum() uint64 { return checksumHash(string(c.buf)) }
