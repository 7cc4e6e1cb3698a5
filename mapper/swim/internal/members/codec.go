package members

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

var errTruncated = errors.New("truncated")

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

func appendLife(dst []byte, l Life) []byte {
	dst = binary.AppendUvarint(dst, l.Generation)
	dst = binary.BigEndian.AppendUint64(dst, l.Instance)
	return binary.AppendUvarint(dst, l.Incarnation)
}

func appendVersion(dst []byte, v Version) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, v.Generation), v.Clock)
}

func appendChanges(dst []byte, all []Change) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(all)))
	for _, c := range all {
		dst = appendVersion(appendBytes(dst, []byte(c.Name)), c.Version)
	}
	return dst
}

// reader reads fields until one is missing. From then on it holds the error and
// reads zeros.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) take(n int) []byte {
	if r.err == nil && n > len(r.rest) {
		r.err = errTruncated
	}
	if r.err != nil {
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	if r.err != nil {
		return 0
	}
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.err = errTruncated
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// bytes reads a length and that many bytes, which alias the message.
func (r *reader) bytes(limit int) []byte {
	n := r.uvarint()
	if r.err == nil && n > uint64(limit) {
		r.err = fmt.Errorf("a field of %d bytes, of %d allowed", n, limit)
	}
	if r.err != nil {
		return nil
	}
	return r.take(int(n))
}

func (r *reader) life() Life {
	return Life{Generation: r.uvarint(), Instance: r.uint64(), Incarnation: r.uvarint()}
}

func (r *reader) version() Version { return Version{r.uvarint(), r.uvarint()} }

func (r *reader) changes() []Change {
	n := r.uvarint()
	if r.err == nil && n > maxChanges {
		r.err = fmt.Errorf("%d changes, of %d allowed", n, maxChanges)
	}
	var all []Change
	for i := uint64(0); i < n && r.err == nil; i++ {
		c := Change{Name: string(r.bytes(maxName)), Version: r.version()}
		if r.err != nil {
			break
		}
		if r.err = CheckName(c.Name); r.err == nil && c.Version.Clock > maxClock {
			r.err = errors.New("the clock is out of range")
		}
		all = append(all, c)
	}
	return all
}

// metadata reads a map that ends the message. It copies what it keeps, as
// memberlist may reuse the buffer.
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
	return m, CheckMetadata(m)
}

// end returns the error of the fields read, or one for bytes after the last.
func (r *reader) end() error {
	if r.err == nil && len(r.rest) > 0 {
		r.err = errors.New("data after the last field")
	}
	return r.err
}
