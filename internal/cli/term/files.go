package term

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/proxenos/proxenos/internal/atomicfile"
)

// A file that a flag names is one of two kinds. A state file is replaced as a
// whole, so it must be a regular file. A stream is opened as it is: a file, a
// pipe, a device, or "-" for standard output. Both fail with [ErrIO] and a hint.

// CheckState rejects the path of a state file, named by flag, if something other
// than a regular file exists there, or if it is "-".
func CheckState(flag, path string) error {
	if path == "-" {
		return Hint(Usagef("%s -: a state file cannot be a stream", flag), "name a file")
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return stateError(flag, path, atomicfile.ErrNotRegular)
	}
	return nil
}

// WriteState atomically replaces a state file. On failure the old content stays.
// It follows symbolic links and keeps the mode of the file.
func WriteState(flag, path string, content []byte) error {
	if err := atomicfile.Write(path, content, 0o666); err != nil {
		return stateError(flag, path, err)
	}
	return nil
}

func stateError(flag, path string, err error) error {
	err = WithCode(ErrIO, fmt.Errorf("%s %s: %w", flag, path, err))
	if errors.Is(err, atomicfile.ErrNotRegular) {
		return Hint(err, "a state file is replaced as a whole: name a regular file or a new one")
	}
	return Hint(err, "name a file in a writable directory")
}

// OpenStream opens a stream, named by flag, for writing. Standard output under
// another name, such as /dev/stdout, is not truncated.
func (s *Streams) OpenStream(flag, path string) (io.WriteCloser, error) {
	if path == "-" || s.isOut(path) {
		return nopCloser{s.Out}, nil
	}
	return openStream(flag, path, os.O_TRUNC)
}

// WriteStream opens a stream and calls write on it. After an error the partial
// output remains.
func (s *Streams) WriteStream(flag, path string, write func(io.Writer) error) error {
	w, err := s.OpenStream(flag, path)
	if err != nil {
		return err
	}
	return WithCode(ErrIO, errors.Join(write(w), w.Close()))
}

// AppendStream is like WriteStream, but appends to the content of a file.
func AppendStream(flag, path string, write func(io.Writer) error) error {
	w, err := openStream(flag, path, os.O_APPEND)
	if err != nil {
		return err
	}
	return WithCode(ErrIO, errors.Join(write(w), w.Close()))
}

func openStream(flag, path string, mode int) (io.WriteCloser, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|mode, 0o666)
	if err != nil {
		return nil, Hint(WithCode(ErrIO, err), "%s names a file or a pipe to write", flag)
	}
	return &stream{f, flag}, nil
}

// stream is a file that flag names. Its errors carry [ErrIO] and a hint.
type stream struct {
	file *os.File
	flag string
}

func (s *stream) Write(b []byte) (int, error) {
	n, err := s.file.Write(b)
	return n, s.explain(err)
}

func (s *stream) Close() error { return s.explain(s.file.Close()) }

func (s *stream) explain(err error) error {
	if err == nil {
		return nil
	}
	return Hint(WithCode(ErrIO, err), "the file of %s is incomplete", s.flag)
}

// isOut reports whether path leads to the file, pipe or device that standard
// output is.
func (s *Streams) isOut(path string) bool {
	out, ok := s.Out.(*os.File)
	if !ok {
		return false
	}
	a, err := out.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b)
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
