package kv

import (
	"cmp"
	"strings"
)

// Timestamp orders the writes to a key: by clock reading, and at equal readings
// by the name of the node that wrote. The zero Timestamp is older than any other.
type Timestamp struct {
	Clock  uint64
	Writer string
}

// Compare returns -1 if t is older than o, 0 if they are equal, and 1 if t is newer.
func (t Timestamp) Compare(o Timestamp) int {
	if c := cmp.Compare(t.Clock, o.Clock); c != 0 {
		return c
	}
	return strings.Compare(t.Writer, o.Writer)
}

// Version is one version of a key, without the value. Deleting a key writes a
// tombstone, a version that keeps older values from coming back.
type Version struct {
	Key     string
	Deleted bool // the version is a tombstone
	Timestamp
}

// ID returns the key.
func (v Version) ID() string { return v.Key }

// Newer reports whether v replaces o.
func (v Version) Newer(o Version) bool { return v.Compare(o.Timestamp) > 0 }

// Entry is a version of a key with its value.
type Entry struct {
	Version
	Value []byte
}

// Size returns about how many bytes the entry takes in a message.
func (e Entry) Size() int { return len(e.Key) + len(e.Writer) + len(e.Value) + 64 }
