package term

import "io"

// PastClosedPipe returns a writer that discards the rest of the output once the
// reader of w has closed its pipe. A command whose exit code is a verdict goes on
// to reach it then; any other command ends.
func PastClosedPipe(w io.Writer) io.Writer { return &pastClosedPipe{w: w} }

type pastClosedPipe struct {
	w      io.Writer
	closed bool
}

func (p *pastClosedPipe) Write(b []byte) (int, error) {
	if p.closed {
		return len(b), nil
	}
	n, err := p.w.Write(b)
	if isBrokenPipe(err) {
		p.closed = true
		return len(b), nil
	}
	return n, err
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
