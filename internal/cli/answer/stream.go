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
// each read a chunk of keys, answer it and write its records; they take turns to read,
// and write in the order in which they read:
//
//	read 1 | answer 1 ......... | write 1 | read 4 | answer 4 ......
//	       | read 2 | answer 2 ......... | write 2 | read 5 | ...
//
// So a chunk stays in the cache of its processor. It is the result of one Read, cut at
// its last delimiter: the keys of a slow producer are answered at once, and those of a
// fast one in large chunks. Chunks are reused, so memory is constant and keys do not
// cause allocations.

const (
	chunkSize = 64 << 10 // the maximum size of one Read
	maxKey    = 16 << 20 // the maximum length of a key
	spare     = 2        // goroutines that read or write while every processor answers
)

// stream describes how to split a stream into keys and how to process them.
type stream struct {
	source    string // the name of the stream in errors
	delimiter byte   // ends a key: NUL, or a newline, which also removes one \r before it
	newWorker func() worker
	frame     frame
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
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &run{
		stream: s,
		reader: reader{in: in, source: s.source, delimiter: s.delimiter, longest: maxKey},
		framer: framer{out: out, frame: s.frame},
		turns:  make([]chan struct{}, runtime.GOMAXPROCS(0)+spare),
		end:    make(chan error, 1),
	}
	for i := range r.turns {
		r.turns[i] = make(chan struct{}, 1)
	}
	r.turn(0) <- struct{}{}
	var all sync.WaitGroup
	for range r.turns {
		all.Go(func() { r.answer(ctx, s.newWorker()) })
	}
	select {
	case err := <-r.end:
		if err == nil {
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
	reader  reader     // under reading
	count   int        // of the chunks that were read, under reading
	ended   bool       // under reading
	framer  framer     // in the order of chunks
	end     chan error // receives the result

	// turns receive when a chunk may be written. As many chunks as there are turns are
	// read and not written at most.
	turns []chan struct{}
}

// turn returns the channel that receives when all chunks before a number are written.
func (r *run) turn(number int) chan struct{} { return r.turns[number%len(r.turns)] }

// answer processes chunks until the stream ends.
func (r *run) answer(ctx context.Context, w worker) {
	c := &chunk{keys: make([]byte, 0, chunkSize)}
	for ctx.Err() == nil && r.read(c) {
		var err error
		if c.out, err = w.answer(c.out[:0], c.keys, r.delimiter); err != nil {
			c.err = err
		}
		select {
		case <-r.turn(c.number):
		case <-ctx.Done():
			return
		}
		if ended, err := r.write(c); ended {
			r.end <- err
			return
		}
		r.turn(c.number + 1) <- struct{}{}
	}
}

// read reads the next chunk. It reports whether there is one.
func (r *run) read(c *chunk) bool {
	r.reading.Lock()
	defer r.reading.Unlock()
	if r.ended {
		return false
	}
	c.err = r.reader.read(c)
	c.number = r.count
	r.count++
	r.ended = c.err != nil
	return true
}

// write writes the records of a chunk. It reports whether that ends the stream, and
// the error that it ends with.
func (r *run) write(c *chunk) (ended bool, err error) {
	if err := r.framer.write(c.out); err != nil {
		return true, err
	}
	if errors.Is(c.err, io.EOF) {
		return true, r.framer.close()
	}
	return c.err != nil, c.err
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
