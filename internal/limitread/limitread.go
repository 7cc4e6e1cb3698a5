// Package limitread bounds what is read of a server's answer. Unlike
// io.LimitReader, it fails beyond the bound, so that a cut answer cannot pass for
// a whole one.
package limitread

import (
	"fmt"
	"io"
)

// Reader fails once more bytes were read than the limit. It is not safe for
// concurrent use.
type Reader struct {
	source      io.Reader
	limit, left int64
}

// New returns a Reader of up to limit bytes.
func New(source io.Reader, limit int64) *Reader { return &Reader{source, limit, limit} }

// Reset allows limit bytes again, for the next of several messages.
func (r *Reader) Reset() { r.left = r.limit }

// Read reads from the source.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.source.Read(p)
	if r.left -= int64(n); r.left < 0 {
		return 0, fmt.Errorf("the answer is larger than %s", size(r.limit))
	}
	return n, err
}

// size words a number of bytes.
func size(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
