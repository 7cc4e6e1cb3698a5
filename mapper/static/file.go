package static

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/proxenos/proxenos/internal/nonblock"
	"github.com/proxenos/proxenos/mapper"
)

// File is a source whose nodes are listed in a file. It is safe for concurrent
// use. Its fields must not change once it is used.
//
// Each answer reads the file again. A pipe or a device, as a shell passes for
// <(command), gives its content only once: the first answer reads it, and File
// keeps it.
type File struct {
	// Path names the file. It follows symbolic links.
	Path string

	// Parse reads the list, for a list in a format of another package. It gets
	// Path as the name of the list. Nil means [Parse].
	Parse func(data []byte, name string) ([]mapper.Node, error)

	// ScanEvery is how often Watch looks at the file even if the system reported
	// no change: some file systems report none, and a link may lead elsewhere.
	// Zero means 5 s.
	ScanEvery time.Duration

	// Settle is how long a changing file must stay as it is before Watch reads
	// it. After ten times as long Watch reads it anyway. Zero means 100 ms.
	Settle time.Duration

	// Log gets a warning when the system cannot watch the file, so that changes
	// are only seen by scanning. Nil is silent.
	Log *slog.Logger

	mu   sync.Mutex // guards once, and is held while a pipe is read
	once []byte     // what a pipe gave
}

func (f *File) log() *slog.Logger {
	if f.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return f.Log
}

func (f *File) scanEvery() time.Duration { return orElse(f.ScanEvery, 5*time.Second) }

// Nodes reads the file.
func (f *File) Nodes(ctx context.Context) ([]mapper.Node, error) {
	data, err := f.read(ctx)
	if err != nil {
		return nil, err
	}
	return f.parse(data)
}

func (f *File) parse(data []byte) ([]mapper.Node, error) {
	if f.Parse != nil {
		return f.Parse(data, f.Path)
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
			return nil, f.fail(errors.New("the pipe is empty and has no writer"))
		}
		f.once = append([]byte{}, data...)
	}
	return f.once, nil
}

// lock waits while another goroutine reads the pipe, and no longer than the
// context.
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

// readOpen opens without blocking, so that a pipe without a writer cannot hold it
// up, and stops reading when the context ends.
func (f *File) readOpen(ctx context.Context) ([]byte, error) {
	file, err := os.OpenFile(f.Path, os.O_RDONLY|nonblock.Flag, 0)
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

// fail returns an error that names the file once: errors of package os name it
// themselves.
func (f *File) fail(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: check the path (a list on standard input is -)", err)
	}
	return &Error{Source: f.Path, Err: err}
}
