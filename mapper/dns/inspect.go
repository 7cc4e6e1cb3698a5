package dns

import (
	"encoding/binary"
	"net"
	"sync/atomic"
)

// inspector looks at the headers of answers by TCP, because package net ignores
// the truncation flag there.
type inspector struct{ truncated atomic.Bool }

func (i *inspector) sawTruncated() bool { return i.truncated.Load() }

func (i *inspector) inspect(c net.Conn) net.Conn { return &inspected{Conn: c, to: i} }

// inspected is a connection for one query, as package net uses it. Before the
// answer stands its length in two bytes (RFC 1035, 4.2.2).
type inspected struct {
	net.Conn
	to   *inspector
	head []byte
}

const (
	headSize = 5    // the length, the ID, and the byte with the flag TC
	flagTC   = 0x02 // in the last of them

	// full is the size from which on an answer may have left out records without
	// saying so: the largest message, less a record with a name of 255 bytes and
	// its address.
	full = 1<<16 - 512
)

func (c *inspected) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if missing := headSize - len(c.head); missing > 0 && n > 0 {
		if c.head = append(c.head, b[:min(n, missing)]...); len(c.head) == headSize {
			size := int(binary.BigEndian.Uint16(c.head))
			if c.head[headSize-1]&flagTC != 0 || size >= full {
				c.to.truncated.Store(true)
			}
		}
	}
	return n, err
}
