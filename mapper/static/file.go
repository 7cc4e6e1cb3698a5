package static

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/proxenos/proxenos/mapper"
)

// File is a source whose nodes are listed in a file. It is safe for any number
// of goroutines; its fields are set before it is used.
//
// The file is read anew for every answer. A pipe or a device, as a shell
// passes for <(command), gives what it has once: it is read at the first
// answer and remembered.
type File struct {
	// Path names the file. It follows symbolic links.
	Path string

	// ScanEvery is how often Watch looks at the file even if the system reported
	// no change: some file systems report none, and a link may lead elsewhere.
	// Zero means 5 s.
	ScanEvery time.Duration

	// Settle is how long a file that changes must stay as it is before Watch
	// reads it. Ten times as long is the limit. Zero means 100 ms.
	Settle time.Duration

	mu   sync.Mutex // guards once, and is held while a pipe is read
	once []byte     // what a pipe gave
}

// Nodes reads the file.
func (f *File) Nodes(ctx context.Context) ([]mapper.Node, error) {
	data, err := f.read(ctx)
	if err != nil {
		return nil, err
	}
	return Parse(data, f.Path)
}

// read returns at most one byte more than a list may have.
func (f *File) read(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	info, err := os.Stat(f.Path)
	switch {
	case err != nil:
		return nil, f.fail(err)
	case info.IsDir():
		return nil, f.fail(errors.New("it is a directory: name a file in it"))
	case info.Mode().IsRegular():
		if err := checkSize(info.Size(), f.Path, formatText); err != nil { // the most of all formats
			return nil, err
		}
		return f.readOpen(ctx)
	}
	if err := f.lock(ctx); err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	if f.once == nil {
		data, err := f.readOpen(ctx)
		if err != nil {
			return nil, err
		}
		if len(data) == 0 && info.Mode()&fs.ModeNamedPipe != 0 {
			return nil, f.fail(errors.New("the pipe is empty and nobody writes to it"))
		}
		f.once = append([]byte{}, data...)
	}
	return f.once, nil
}

// lock waits for whoever is reading the pipe, but no longer than the context.
func (f *File) lock(ctx context.Context) error {
	for !f.mu.TryLock() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// readOpen opens without blocking, so that a pipe nobody writes to cannot hold
// it up, and gives up reading when the context ends.
func (f *File) readOpen(ctx context.Context) ([]byte, error) {
	file, err := os.OpenFile(f.Path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, f.fail(err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	stop := context.AfterFunc(ctx, func() {
		_ = file.SetReadDeadline(time.Unix(1, 0)) // a regular file has none, and does not block
	})
	defer stop()
	var data bytes.Buffer
	if _, err := io.Copy(&data, io.LimitReader(file, MaxSize+1)); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, f.fail(err)
	}
	return data.Bytes(), nil
}

// fail names the file once: errors of package os do so themselves.
func (f *File) fail(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: check the path (a list on standard input is -)", err)
	}
	return &Error{Source: f.Path, Err: err}
}
