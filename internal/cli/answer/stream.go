package answer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// A stream writes a record for every key that it reads, in order:
//
//	reader ──chunks of whole lines──▶ workers ──chunks with records──▶ writer
//
// The reader passes on the result of each Read, cut at its last delimiter. The
// keys of a slow producer are therefore processed at once, and those of a fast
// one in large chunks. Chunks are reused, so memory is constant and keys do not
// cause allocations.

const (
	chunkSize = 256 << 10 // the maximum size of one Read
	maxKey    = 16 << 20  // the maximum length of a key
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

// chunk is a run of keys on its way from the reader to the writer.
type chunk struct {
	keys []byte        // keys with delimiters; the last key of a stream may lack it
	out  []byte        // records
	err  error         // the end of the stream after these keys
	done chan struct{} // receives when the records are complete
}

// run writes the records of all keys of in to out. It returns at the end of the
// stream, when in or out fails, or when the context ends. In the last two cases a
// goroutine may stay blocked in in.Read.
func (s *stream) run(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := runtime.GOMAXPROCS(0)
	depth := 2*workers + 2
	free, work, order := make(chan *chunk, depth), make(chan *chunk, depth), make(chan *chunk, depth)
	for range depth {
		free <- &chunk{keys: make([]byte, 0, chunkSize), done: make(chan struct{}, 1)}
	}
	for range workers {
		go s.work(s.newWorker(), work)
	}
	go func() {
		defer close(work)
		r := reader{in: in, source: s.source, delimiter: s.delimiter, longest: maxKey}
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
	return s.write(ctx, out, order, free)
}

// write writes the records of chunks in order, up to the last chunk.
func (s *stream) write(ctx context.Context, out io.Writer, order <-chan *chunk, free chan<- *chunk) error {
	framed := framer{out: out, frame: s.frame}
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

// work processes chunks until the channel is closed.
func (s *stream) work(w worker, chunks <-chan *chunk) {
	for c := range chunks {
		s.answer(w, c)
		c.done <- struct{}{}
	}
}

// answer processes one chunk.
func (s *stream) answer(w worker, c *chunk) {
	var err error
	if c.out, err = w.answer(c.out[:0], c.keys, s.delimiter); err != nil {
		c.err = err
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
