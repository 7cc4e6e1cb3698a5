package nodeset

import (
	"encoding/binary"

	"github.com/proxenos/proxenos/rendezvous/prf"
)

// checksumHash keeps checksums apart from every other use of SipHash here.
var checksumHash = prf.SipHash.Func(prf.Options{Key: (*[16]byte)([]byte("proxenos sum  v1"))})

// Checksum gathers what a placement depends on. Strings are written with their
// length, so that no two sequences of writes look alike.
type Checksum struct{ buf []byte }

// NewChecksum starts the checksum of a scheme, named with its version.
func NewChecksum(scheme string) *Checksum {
	c := new(Checksum)
	c.String(scheme)
	return c
}

// String adds a string.
func (c *Checksum) String(s string) {
	c.buf = append(binary.AppendUvarint(c.buf, uint64(len(s))), s...)
}

// Uint64 adds a number.
func (c *Checksum) Uint64(x uint64) { c.buf = binary.BigEndian.AppendUint64(c.buf, x) }

// Sum returns the checksum of all that was added.
func (c *Checksum) Sum() uint64 { return checksumHash(string(c.buf)) }
