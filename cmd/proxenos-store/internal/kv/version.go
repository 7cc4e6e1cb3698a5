// Package kv is what one node keeps: versions of keys, newest wins.
//
// It knows nothing of other nodes. An Engine holds entries in memory or in a
// file; a Clock makes versions that order the writes of all nodes.
package kv

import (
	"cmp"
	"strings"
)

// Version orders the writes to a key: by clock, and where two nodes wrote at
// the same reading, by the name of the writer. The zero Version is older than
// any other.
type Version struct {
	Clock  uint64
	Writer string
}

// Compare returns -1, 0 or 1, as v is older than, the same as or newer than o.
func (v Version) Compare(o Version) int {
	if c := cmp.Compare(v.Clock, o.Clock); c != 0 {
		return c
	}
	return strings.Compare(v.Writer, o.Writer)
}

// Stamp is one version of one key, without the value. A deleted key leaves a
// stamp behind, so that an older value that turns up later is known to be old.
type Stamp struct {
	Key     string
	Deleted bool
	Version
}

// Newer reports whether s replaces o.
func (s Stamp) Newer(o Stamp) bool { return s.Compare(o.Version) > 0 }

// Entry is one version of one key.
type Entry struct {
	Stamp
	Value []byte
}
