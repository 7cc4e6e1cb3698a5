package answer

import (
	"encoding/binary"
	"io"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
)

// sampleChunk is the number of keys in a chunk of a sample.
const sampleChunk = 1 << 13

// sample divides a sample into chunks. These hold the number of the first key and the
// number of keys instead of the keys, which a [sampleCounter] makes.
type sample struct{ next, end int64 }

func (s *sample) read(c *chunk) error {
	n := min(sampleChunk, s.end-s.next)
	c.keys = binary.LittleEndian.AppendUint64(c.keys[:0], uint64(s.next))
	c.keys = binary.LittleEndian.AppendUint64(c.keys, uint64(n))
	if s.next += n; s.next == s.end {
		return io.EOF
	}
	return nil
}

// sampleCounter is the worker of commands that count the keys of a sample.
type sampleCounter struct {
	count    CountBlock
	progress *term.Progress
	keys     *compare.SampleKeys
}

// answer implements worker.
func (w *sampleCounter) answer(dst, chunk []byte, _ byte) ([]byte, error) {
	first, left := int64(binary.LittleEndian.Uint64(chunk)), int64(binary.LittleEndian.Uint64(chunk[8:]))
	for left > 0 {
		n := min(blockKeys, left)
		dst = w.count(dst, w.keys.Make(first, int(n)), nil)
		w.progress.Add(n)
		w.progress.AddBytes(compare.SampleSize(n))
		first, left = first+n, left-n
	}
	return dst, nil
}
