package answer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// Responder writes the owners of keys for a server, in one format and from one
// placement. It works on the goroutine of its caller. All methods are safe for
// concurrent use.
type Responder struct {
	writer  *writer
	workers sync.Pool // of *responding
}

// responding is a worker with its buffers.
type responding struct {
	owners *owners
	quick  worker
}

// NewResponder returns a responder for a value of --output. With many, records name
// their keys.
func NewResponder(p *place.Placement, format string, many bool, count int) (*Responder, error) {
	o := &Output{Many: many, Count: count}
	if err := o.Set(format); err != nil {
		return nil, err
	}
	r := &Responder{writer: o.newWriter(o, p)}
	r.workers.New = func() any {
		w := r.writer.owners(p, count, nil, &expectation{})
		return &responding{w, w.quick()}
	}
	return r, nil
}

// Append appends the record of one key to dst.
func (r *Responder) Append(dst []byte, key string) ([]byte, error) {
	w := r.workers.Get().(*responding)
	defer r.workers.Put(w)
	return w.owners.one(dst, key)
}

// spareChunks are reused by all responders.
var spareChunks = sync.Pool{New: func() any { return &chunk{keys: make([]byte, 0, chunkSize)} }}

// Lines writes the records of keys that end in newlines, and returns their number.
// It writes the records of the keys of one Read before it reads again.
func (r *Responder) Lines(in io.Reader, out io.Writer) (count int, err error) {
	w := r.workers.Get().(*responding)
	defer r.workers.Put(w)
	c := spareChunks.Get().(*chunk)
	defer spareChunks.Put(c)
	keys := reader{in: in, source: "the request", delimiter: '\n', longest: maxRequestKey}
	framed := framer{out: out, frame: r.writer.frame}
	for {
		end := keys.read(c)
		if c.out, err = w.quick.answer(c.out[:0], c.keys, '\n'); err != nil {
			return count, err
		}
		if err := framed.write(c.out); err != nil {
			return count, err
		}
		count += lines(c.keys)
		if errors.Is(end, io.EOF) {
			return count, framed.close()
		}
		if end != nil {
			return count, end
		}
	}
}

// lines returns the number of lines in keys, of which the last may lack its newline.
func lines(keys []byte) int {
	n := bytes.Count(keys, []byte{'\n'})
	if len(keys) > 0 && keys[len(keys)-1] != '\n' {
		n++
	}
	return n
}

// ErrKeys is the error of a request whose keys are not a JSON array of strings.
var ErrKeys = errors.New("the keys must be a JSON array of strings")

var errNotUnicode = fmt.Errorf("%w: bytes that are not UTF-8 and lone surrogates have no JSON form; send such keys by line", ErrKeys)

// maxRequestKey is the maximum length of a key in the body of a request, which a
// server holds in memory.
const maxRequestKey = 1 << 20

// pendingRecords is how many bytes of records wait for more keys.
const pendingRecords = 64 << 10

// Whole writes the records of keys in a JSON array of strings that is in memory, and
// returns their number. It writes nothing if the array is not valid.
func (r *Responder) Whole(document []byte, out io.Writer) (count int, err error) {
	if !new(jsonText).check(document) {
		return 0, errNotUnicode
	}
	var keys []*string
	if err := json.Unmarshal(document, &keys); err != nil {
		return 0, arrayError(err)
	}
	if keys == nil || slices.Contains(keys, nil) {
		return 0, ErrKeys
	}
	w := r.workers.Get().(*responding)
	defer r.workers.Put(w)
	a := &array{framed: framer{out: out, frame: r.writer.frame}}
	for _, key := range keys {
		if err := a.add(w.owners, *key); err != nil {
			return a.count, err
		}
	}
	return a.count, a.close()
}

// Array writes the records of keys in a JSON array of strings, and returns their
// number. It writes all records so far before it reads again. A key is complete when
// the comma after it is read.
func (r *Responder) Array(in io.Reader, out io.Writer) (count int, err error) {
	w := r.workers.Get().(*responding)
	defer r.workers.Put(w)
	a := &array{in: in, framed: framer{out: out, frame: r.writer.frame}}
	d := json.NewDecoder(a)
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return 0, arrayError(err)
	}
	for d.More() {
		t, err := d.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			return a.count, arrayError(err)
		}
		if err := a.add(w.owners, key); err != nil {
			return a.count, err
		}
	}
	if _, err := d.Token(); err != nil { // the end of the array
		return a.count, arrayError(err)
	}
	if rest, err := io.ReadAll(io.LimitReader(io.MultiReader(d.Buffered(), in), pendingRecords)); err != nil || len(bytes.TrimSpace(rest)) > 0 {
		return a.count, arrayError(err)
	}
	return a.count, a.close()
}

func arrayError(err error) error {
	switch {
	case err == nil:
		return ErrKeys
	case term.IsUsage(err), errors.Is(err, ErrKeys):
		return err
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w: %w", ErrKeys, err)
}

// array writes records. It is also the reader of the keys, which writes pending
// records before each Read.
type array struct {
	in      io.Reader
	framed  framer
	records []byte
	count   int
	text    jsonText

	unanswered int // bytes since the last key
}

// add answers a key.
func (a *array) add(w *owners, key string) (err error) {
	a.unanswered = 0
	if a.records, err = w.one(a.records, key); err != nil {
		return err
	}
	a.count++
	if len(a.records) > pendingRecords {
		return a.flush()
	}
	return nil
}

func (a *array) Read(p []byte) (int, error) {
	if err := a.flush(); err != nil {
		return 0, err
	}
	if a.unanswered > maxRequestKey {
		return 0, term.Usagef("a key is longer than %d MiB", maxRequestKey>>20)
	}
	n, err := a.in.Read(p)
	a.unanswered += n
	if !a.text.check(p[:n]) {
		return 0, errNotUnicode
	}
	return n, err
}

func (a *array) flush() error {
	err := a.framed.write(a.records)
	a.records = a.records[:0]
	return err
}

func (a *array) close() error {
	if err := a.flush(); err != nil {
		return err
	}
	return a.framed.close()
}
