package members

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// NodeMeta is what a member announces about itself in memberlist's node meta,
// which memberlist passes on to every member and limits to 512 bytes. Metadata
// that fits travels in it; otherwise it holds a digest, and the others request
// the metadata.
type NodeMeta struct {
	Generation, Instance uint64
	Clock                uint64
	Observer             bool
	Digest               Digest            // of the metadata; set by decoding
	Metadata             map[string][]byte // nil: to be requested
}

// life returns the first life of the process that announces this.
func (m NodeMeta) life() Life { return Life{m.Generation, m.Instance, 1} }

func (m NodeMeta) version() Version { return Version{m.Generation, m.Clock} }

// Flags in the second byte of encoded node meta.
const (
	flagObserver = 1 << iota
	flagInline
)

// Encode returns at most limit bytes, given that limit is 64 or more.
func (m NodeMeta) Encode(limit int) []byte {
	full := appendMetadata(nil, m.Metadata)
	head := func(flags byte) []byte {
		if m.Observer {
			flags |= flagObserver
		}
		b := append(make([]byte, 0, limit), format, flags)
		b = binary.AppendUvarint(b, m.Generation)
		b = binary.BigEndian.AppendUint64(b, m.Instance)
		return binary.AppendUvarint(b, m.Clock)
	}
	if b := append(head(flagInline), full...); len(b) <= limit {
		return b
	}
	sum := digestOf(full)
	return append(head(0), sum[:]...)
}

// DecodeNodeMeta reads the node meta of another member.
func DecodeNodeMeta(b []byte) (NodeMeta, error) {
	r := &reader{rest: b}
	if v := r.byte(); r.err == nil && v != format {
		return NodeMeta{}, fmt.Errorf("metadata format %d, expected %d", v, format)
	}
	flags := r.byte()
	m := NodeMeta{Generation: r.uvarint(), Instance: r.uint64(), Clock: r.uvarint(), Observer: flags&flagObserver != 0}
	if m.Generation > MaxGeneration || m.Clock > maxClock {
		return NodeMeta{}, errors.New("the generation or the clock is out of range")
	}
	if flags&flagInline != 0 {
		var err error
		m.Digest = digestOf(r.rest)
		if m.Metadata, err = r.metadata(); err != nil {
			return NodeMeta{}, err
		}
		return m, nil
	}
	copy(m.Digest[:], r.take(len(m.Digest)))
	return m, r.end()
}

// NodeMeta returns what the local member announces.
func (t *Table) NodeMeta() NodeMeta {
	s := t.local()
	return NodeMeta{Generation: s.life.Generation, Instance: s.life.Instance, Clock: s.held.Clock, Observer: s.observer, Metadata: s.metadata}
}

// TakeUnpublished reports whether the local node meta has changed since the
// last call.
func (t *Table) TakeUnpublished() bool {
	changed := t.unpublished
	t.unpublished = false
	return changed
}

// Published reports whether memberlist holds the current local node meta.
func (t *Table) Published() bool { return t.published == t.local().held }
