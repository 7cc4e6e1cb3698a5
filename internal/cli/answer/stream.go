package answer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"sync"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// A stream writes a record for every key that it reads, in order. Several goroutines
// each read a chunk of keys and answer it; they take turns to read. One that has
// answered the next chunk to write writes it, and the chunks after it that are answered:
//
//	read 1 | answer 1 ................... | write 1, 2 | read 4 | answer 4
//	       | read 2 | answer 2 ... | read 3 | answer 3 ........... | write 3
//
// So a chunk mostly stays in the cache of one processor, and no goroutine waits for
// another as long as there are chunks. A chunk is the result of one Read, cut at its last
// delimiter: the keys of a slow producer are answered at once, and those of a fast one in
// large chunks. Chunks are reused, so memory is constant and keys do not cause
// allocations.

const (
	chunkSize = 64 << 10 // the maximum size of one Read
	maxKey    = 16 << 20 // the maximum length of a key
	spare     = 1        // goroutines that read or write while every processor answers
)

// stream describes how to split a stream into keys and how to process them.
type stream struct {
	source    string // the name of the stream in errors
	delimiter byte   // ends a key: NUL, or a newline, which also removes one \r before it
	newWorker func() worker
	frame     frame
	chunks    chunks // nil cuts the input of run into chunks
}

// chunks reads a stream.
type chunks interface {
	// read fills a chunk. It returns io.EOF with the last one.
	read(c *chunk) error
}

// worker processes keys. It is used by one goroutine.
type worker interface {
	// answer appends the records of all keys to dst. Each key ends in a
	// delimiter, except that the last key of a stream may lack it.
	answer(dst, keys []byte, delimiter byte) ([]byte, error)
}

// chunk is a run of keys with their records.
type chunk struct {
	keys   []byte // keys with delimiters; the last key of a stream may lack it
	out    []byte // records
	err    error  // the end of the stream after these keys
	number int    // in the order of reading
}

// run writes the records of all keys of in to out. It returns at the end of the
// stream, when in or out fails, or when the context ends. In the last two cases
// goroutines may stay blocked in in.Read.
func (s *stream) run(ctx context.Context, in io.Reader, out io.Writer) error {
	workers := runtime.GOMAXPROCS(0) + spare
	r := &run{stream: s, keys: s.chunks, answered: make([]*chunk, 2*workers), out: framer{out: out, frame: s.frame}, end: make(chan error, 1)}
	r.changed.L = &r.mu
	if r.keys == nil {
		r.keys = &reader{in: in, source: s.source, delimiter: s.delimiter, longest: maxKey}
	}
	defer r.stop()
	var all sync.WaitGroup
	for range workers {
		all.Go(func() { r.work(s.newWorker()) })
	}
	select {
	case err := <-r.end:
		if err == nil {
			r.stop()
			all.Wait()
		}
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// run is a stream in progress.
type run struct {
	*stream

	reading sync.Mutex
	keys    chunks // under reading
	read    int    // the number of chunks, under reading
	last    bool   // there are no more chunks, under reading

	mu       sync.Mutex
	changed  sync.Cond // a chunk is free, the stream stopped, or writing ended after that
	free     []*chunk  // the one used last at the end
	made     int       // the number of chunks
	answered []*chunk  // not written yet, by number modulo the number of chunks
	written  int       // the number of chunks
	writing  bool      // by a goroutine that writes all answered chunks, in order
	stopped  bool

	out framer     // used by the goroutine that is writing
	end chan error // receives the result
}

// work answers chunks until the stream ends.
func (r *run) work(w worker) {
	for {
		c := r.take()
		if c == nil || !r.next(c) {
			return
		}
		var err error
		if c.out, err = w.answer(c.out[:0], c.keys, r.delimiter); err != nil {
			c.err = err
		}
		r.finish(c)
	}
}

// take returns a free chunk, or nil if the stream stopped.
func (r *run) take() *chunk {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.free) == 0 && r.made == len(r.answered) && !r.stopped {
		r.changed.Wait()
	}
	switch n := len(r.free); {
	case r.stopped:
		return nil
	case n > 0:
		c := r.free[n-1]
		r.free = r.free[:n-1]
		return c
	default:
		r.made++
		return &chunk{keys: make([]byte, 0, chunkSize)}
	}
}

// next reads the next chunk. It reports whether there is one.
func (r *run) next(c *chunk) bool {
	r.reading.Lock()
	defer r.reading.Unlock()
	if r.last {
		return false
	}
	c.err = r.keys.read(c)
	c.number = r.read
	r.read++
	r.last = c.err != nil
	return true
}

// finish adds an answered chunk. It writes the chunks whose turn it is, unless another
// goroutine does.
func (r *run) finish(c *chunk) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answered[c.number%len(r.answered)] = c
	if r.writing {
		return
	}
	r.writing = true
	for {
		at := r.written % len(r.answered)
		c := r.answered[at]
		if c == nil || r.stopped {
			break
		}
		r.answered[at] = nil
		r.mu.Unlock()
		ended, err := r.write(c)
		r.mu.Lock()
		if ended {
			r.stopped = true
			r.end <- err
			break
		}
		r.written++
		r.free = append(r.free, c)
		r.changed.Signal()
	}
	if r.writing = false; r.stopped {
		r.changed.Broadcast()
	}
}

// write writes the records of a chunk. It reports whether that ends the stream, and
// the error that it ends with.
func (r *run) write(c *chunk) (ended bool, err error) {
	if err := r.out.write(c.out); err != nil {
		return true, err
	}
	if errors.Is(c.err, io.EOF) {
		return true, r.out.close()
	}
	return c.err != nil, c.err
}

// stop ends the goroutines that do not wait for keys, and waits for the end of writing.
func (r *run) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	r.changed.Broadcast()
	for r.writing {
		r.changed.Wait()
	}
}

// reader cuts a stream into chunks of whole keys.
type reader struct {
	in        io.Reader
	source    string
	delimiter byte
	longest   int    // bytes of a key
	rest      []byte // the beginning of a key whose end is not read yet
}

// read fills a chunk with whole keys, by one Read if that ends a key. It returns
// io.EOF with the last keys of the stream.
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
		if searched > r.longest {
			c.keys = c.keys[:0]
			return term.Hint(term.Usagef("%s: key longer than %d MiB", r.source, r.longest>>20), "there must be one key per line; -0 reads keys that end in NUL")
		}
	}
}

// end ends the stream. At io.EOF the bytes after the last delimiter are the last
// key. After an error they are an incomplete key, which end drops.
func (r *reader) end(c *chunk, err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	c.keys = c.keys[:bytes.LastIndexByte(c.keys, r.delimiter)+1]
	var file *fs.PathError
	if errors.As(err, &file) {
		err = file.Err // omit the name, which is in r.source
	}
	return term.WithCode(term.ErrIO, fmt.Errorf("%s: %w", r.source, err))
}

// frame holds the text before, between and after records.
type frame struct{ head, separator, tail string }

// framer writes records in a frame.
type framer struct {
	frame
	out   io.Writer
	begun bool
}

// write writes records, each of which begins with the separator.
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

// close writes the text after all records.
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
