package members

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Limits on what one member can make the others hold. They are the same on
// every member, so that none refuses what another accepted.
const (
	MaxMembers    = 4096      // known members, offline ones included
	MaxKeys       = 256       // metadata keys of one member
	MaxValue      = 64 << 10  // bytes of one metadata value
	MaxMetadata   = 1 << 20   // bytes of the metadata of one member, keys included
	MaxMessage    = 4 << 20   // bytes of a message, as a first barrier
	MaxGeneration = 1<<62 - 1 // leaves room above what a peer can claim
	maxClock      = 1<<62 - 1 // likewise
)

// Digest is a hash of metadata. Packets are authenticated by other means, so it
// only has to tell two maps apart.
type Digest [16]byte

func digestOf(encoded []byte) Digest {
	sum := sha256.Sum256(encoded)
	return Digest(sum[:len(Digest{})])
}

// CheckMetadata returns an error for metadata that exceeds a limit.
func CheckMetadata(m map[string][]byte) error {
	if len(m) > MaxKeys {
		return fmt.Errorf("%d metadata keys, of %d allowed", len(m), MaxKeys)
	}
	total := 0
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if err := checkKey(k); err != nil {
			return err
		}
		if len(m[k]) > MaxValue {
			return fmt.Errorf("the metadata value of %q has %d bytes, of %d allowed", k, len(m[k]), MaxValue)
		}
		total += len(k) + len(m[k])
	}
	if total > MaxMetadata {
		return fmt.Errorf("%d bytes of metadata, of %d allowed", total, MaxMetadata)
	}
	return nil
}

// CloneMetadata returns a deep copy, which is never nil.
func CloneMetadata(m map[string][]byte) map[string][]byte {
	c := make(map[string][]byte, len(m))
	for k, v := range m {
		c[k] = bytes.Clone(v)
		if v == nil {
			c[k] = []byte{}
		}
	}
	return c
}

func equalMetadata(a, b map[string][]byte) bool { return maps.EqualFunc(a, b, bytes.Equal) }

// appendMetadata appends the number of keys, then each key and its value, each
// after its length. Keys are sorted, so that equal maps have equal bytes.
func appendMetadata(dst []byte, m map[string][]byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(m)))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		dst = appendBytes(dst, []byte(k))
		dst = appendBytes(dst, m[k])
	}
	return dst
}

// SetMetadata replaces the metadata of the local member.
func (t *Table) SetMetadata(m map[string][]byte, now time.Time) {
	s := t.local()
	if equalMetadata(s.metadata, m) {
		return
	}
	s.announced.Clock = t.clock + 1
	t.hold(s, s.announced, m)
	t.announcedNow(s, now)
	t.unpublished = true
}

// hold takes over newer metadata.
func (t *Table) hold(s *state, v Version, m map[string][]byte) {
	if s.metadata != nil && !s.held.before(v) {
		return
	}
	changed := s.metadata == nil || !equalMetadata(s.metadata, m)
	s.held, s.metadata = v, m
	if v.Clock < t.clock+maxLeap {
		t.clock = max(t.clock, v.Clock)
	}
	if changed {
		t.events = append(t.events, Event{Member: s.member(), Metadata: true})
	}
}
