package answer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"unsafe"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// A batch answers for the keys of a stream, in their order:
//
//	reader ──chunks of whole lines──▶ workers ──answered chunks──▶ writer
//
// The reader hands on whatever one read brought, cut at its last delimiter,
// so the keys of a slow producer are answered at once and those of a fast one
// come in large chunks. Chunks are recycled: memory is constant, and answering
// a key allocates nothing.

const (
	chunkSize = 256 << 10 // what one read may bring
	maxKey    = 16 << 20  // the longest key; a longer one is refused
)

// batch says how the keys of a stream are told apart and answered.
type batch struct {
	source    string // what errors call the stream
	delimiter byte   // ends a key: a newline, before which one \r is dropped, or NUL
	newWorker func() worker
	frame     frame
}

// worker answers for keys. It belongs to one goroutine.
type worker interface {
	// answer appends the answers for all keys to dst. The keys end in a
	// delimiter each, but for the last of a stream, which may have none.
	answer(dst, keys []byte, delimiter byte) ([]byte, error)
}

// chunk is a run of keys on its way from the reader to the writer.
type chunk struct {
	keys []byte        // keys with their delimiters; the last key of a stream may have none
	out  []byte        // the answers
	err  error         // what ended the stream after these keys
	done chan struct{} // receives when the answers are there
}

// run answers for every key of in on out. It returns when the stream ends,
// when in or out fails, or when the context ends; in the last two cases a
// goroutine may wait for in until that returns.
func (b *batch) run(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := runtime.GOMAXPROCS(0)
	depth := 2*workers + 2
	free, work, order := make(chan *chunk, depth), make(chan *chunk, depth), make(chan *chunk, depth)
	for range depth {
		free <- &chunk{keys: make([]byte, 0, chunkSize), done: make(chan struct{}, 1)}
	}
	for range workers {
		go b.work(b.newWorker(), work)
	}
	go func() {
		defer close(work)
		r := reader{in: in, source: b.source, delimiter: b.delimiter}
		for {
			select {
			case c := <-free:
				c.err = r.read(c)
				last := c.err != nil
				work <- c
				order <- c
				if last {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return b.write(ctx, out, order, free)
}

// write writes answered chunks in order until one says that it is the last.
func (b *batch) write(ctx context.Context, out io.Writer, order <-chan *chunk, free chan<- *chunk) error {
	framed := framer{out: out, frame: b.frame}
	for {
		var c *chunk
		select {
		case c = <-order:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		<-c.done
		if err := framed.write(c.out); err != nil {
			return err
		}
		if errors.Is(c.err, io.EOF) {
			return framed.close()
		}
		if c.err != nil {
			return c.err
		}
		free <- c
	}
}

// work answers for the keys of chunks until there are no more.
func (b *batch) work(w worker, chunks <-chan *chunk) {
	for c := range chunks {
		b.answer(w, c)
		c.done <- struct{}{}
	}
}

// answer answers for the keys of one chunk.
func (b *batch) answer(w worker, c *chunk) {
	var err error
	if c.out, err = w.answer(c.out[:0], c.keys, b.delimiter); err != nil {
		c.err = err
	}
}

// nextKey cuts the first key from keys. The key is a view of those bytes and
// not a copy: nobody keeps a key, and the bytes do not change before its
// answer is written.
func nextKey(keys []byte, delimiter byte) (key string, rest []byte) {
	end := bytes.IndexByte(keys, delimiter)
	switch {
	case end < 0:
		end = len(keys)
	case end > 0 && keys[end-1] == '\r' && delimiter == '\n':
		rest, end = keys[end+1:], end-1
	default:
		rest = keys[end+1:]
	}
	return unsafe.String(unsafe.SliceData(keys), end), rest
}

// reader cuts a stream into chunks of whole keys.
type reader struct {
	in        io.Reader
	source    string
	delimiter byte
	rest      []byte // the beginning of a key that the last read did not end
}

// read fills a chunk with whole keys: with what one read brings if that ends a
// key. It returns io.EOF with the last keys of the stream.
func (r *reader) read(c *chunk) error {
	c.keys = append(c.keys[:0], r.rest...)
	r.rest = r.rest[:0]
	searched := len(c.keys)
	for {
		if len(c.keys) == cap(c.keys) {
			c.keys = append(c.keys, 0)[:len(c.keys)]
		}
		n, err := r.in.Read(c.keys[len(c.keys):cap(c.keys)])
		c.keys = c.keys[:len(c.keys)+n]
		if err != nil {
			return r.end(c, err)
		}
		if i := bytes.LastIndexByte(c.keys[searched:], r.delimiter); i >= 0 {
			cut := searched + i + 1
			r.rest = append(r.rest, c.keys[cut:]...)
			c.keys = c.keys[:cut]
			return nil
		}
		searched = len(c.keys)
		if searched > maxKey {
			c.keys = c.keys[:0]
			return term.Hint(term.Usagef("%s: a key is longer than %d MiB", r.source, maxKey>>20), "is it one key a line? keys that end in NUL need -0")
		}
	}
}

// end is the end of the stream. What has no delimiter is the last key; but if
// the stream broke off it is half a key, and dropped.
func (r *reader) end(c *chunk, err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	c.keys = c.keys[:bytes.LastIndexByte(c.keys, r.delimiter)+1]
	var file *fs.PathError
	if errors.As(err, &file) {
		err = file.Err // it names the file once more
	}
	return term.WithCode(term.ErrIO, fmt.Errorf("%s: %w", r.source, err))
}

// frame is what stands before, between and after records.
type frame struct{ head, separator, tail string }

// framer writes records with what a frame wants before, between and after
// them.
type framer struct {
	frame
	out   io.Writer
	begun bool
}

// write writes records, each of which begins with the encoding's separator.
func (f *framer) write(records []byte) error {
	if len(records) == 0 {
		return nil
	}
	if !f.begun {
		f.begun = true
		records = records[len(f.separator):]
		if f.head != "" {
			records = append([]byte(f.head), records...)
		}
	}
	_, err := f.out.Write(records)
	return term.WithCode(term.ErrIO, err)
}

// close writes what an encoding wants after all records.
func (f *framer) close() error {
	end := f.tail
	if !f.begun {
		end = f.head + end
	}
	if end == "" {
		return nil
	}
	_, err := io.WriteString(f.out, end)
	return term.WithCode(term.ErrIO, err)
}
