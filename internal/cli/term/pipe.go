package term

import (
	"cmp"
	"io"
)

// PastErrors returns a writer that discards the rest of the output after the first
// error of a write to w, such as that of a closed pipe, and a function that returns
// that error. A command whose exit code is a verdict goes on to reach it. The error
// carries [ErrIO].
func PastErrors(w io.Writer) (io.Writer, func() error) {
	p := &pastErrors{w: w}
	return p, func() error { return p.err }
}

type pastErrors struct {
	w   io.Writer
	err error
}

func (p *pastErrors) Write(b []byte) (int, error) {
	if p.err == nil {
		_, err := p.w.Write(b)
		p.err = WithCode(ErrIO, err)
	}
	return len(b), nil
}

// FirstFailure returns the first error that fails a command, or else the first
// error, which is that of a closed pipe.
func FirstFailure(errs ...error) error {
	for _, err := range errs {
		if ExitCode(err) != ExitDone {
			return err
		}
	}
	return cmp.Or(errs...)
}

// Remembering returns a writer to w and a function that returns the first error
// of a write to it, for callers that drop the error. Its errors carry [ErrIO].
func Remembering(w io.Writer) (io.Writer, func() error) {
	r := &remembering{w: w}
	return r, func() error { return r.err }
}

type remembering struct {
	w   io.Writer
	err error
}

func (r *remembering) Write(b []byte) (int, error) {
	n, err := r.w.Write(b)
	err = WithCode(ErrIO, err)
	if r.err == nil {
		r.err = err
	}
	return n, err
}
