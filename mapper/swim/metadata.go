package swim

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Limits bound what one member may make the others hold. They are the same
// on every member, so that none refuses what another took.
const (
	MaxMembers    = 4096      // known members, offline ones included
	MaxKeys       = 256       // metadata keys of one member
	MaxValue      = 64 << 10  // bytes in one metadata value
	MaxMetadata   = 1 << 20   // bytes of a member's metadata, keys included
	maxEncoded    = 4 << 20   // bytes of a message, as a first barrier
	digestSize    = 16        // enough to tell two maps apart; the packet is authenticated
	maxClock      = 1<<62 - 1 // leaves room above what a peer may claim
	maxGeneration = 1<<62 - 1 // likewise
)

var errTruncated = errors.New("truncated")

// checkMetadata refuses what is over a limit.
func checkMetadata(m map[string][]byte) error {
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

func cloneMetadata(m map[string][]byte) map[string][]byte {
	c := make(map[string][]byte, len(m))
	for k, v := range m {
		c[k] = bytes.Clone(v)
		if v == nil {
			c[k] = []byte{}
		}
	}
	return c
}

func equalMetadata(a, b map[string][]byte) bool {
	return maps.EqualFunc(a, b, bytes.Equal)
}

// appendMetadata writes the map sorted by key, so that equal maps have equal
// bytes: the number of keys, then each key and value behind its length.
func appendMetadata(dst []byte, m map[string][]byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(m)))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		dst = appendBytes(dst, []byte(k))
		dst = appendBytes(dst, m[k])
	}
	return dst
}

func digest(encoded []byte) [digestSize]byte {
	sum := sha256.Sum256(encoded)
	return [digestSize]byte(sum[:digestSize])
}

// metadata reads a map that ends the message. It copies what it keeps, as the
// engine may reuse the buffer.
func (r *reader) metadata() (map[string][]byte, error) {
	n := r.uvarint()
	if r.err != nil {
		return nil, r.err
	}
	if n > MaxKeys {
		return nil, fmt.Errorf("%d metadata keys, of %d allowed", n, MaxKeys)
	}
	m := make(map[string][]byte)
	for range n {
		k, v := string(r.bytes(maxName)), bytes.Clone(r.bytes(MaxValue))
		if r.err != nil {
			return nil, r.err
		}
		if _, again := m[k]; again {
			return nil, fmt.Errorf("the metadata key %q occurs twice", k)
		}
		m[k] = v
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return m, checkMetadata(m)
}
