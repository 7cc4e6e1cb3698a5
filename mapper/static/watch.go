package static

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/proxenos/proxenos/mapper"
)

var _ mapper.Watcher = (*File)(nil)

// Watch yields the nodes, and again when the file changes: written in place,
// renamed over as editors do, or swapped by a link above it as Kubernetes does. A
// list that cannot be read or parsed is an error, and the nodes before it stand.
// So are a file without text and a list in text or YAML whose last line has no
// newline, as a writer that is not done leaves them. Where the system tells (on
// Linux, for files of the same user), Watch waits until no program has the file
// open for writing. Writers should rename a finished file into place.
//
// Watch watches the directory and not the file, as the file may be replaced. All
// watches of a process share one instance of the system's watcher.
func (f *File) Watch(ctx context.Context) iter.Seq[mapper.Update] {
	return func(yield func(mapper.Update) bool) {
		hints := f.hints()
		defer hints.close()
		f.watch(ctx, hints, yield)
	}
}

func (f *File) watch(ctx context.Context, hints hints, yield func(mapper.Update) bool) {
	look := time.NewTicker(f.scanEvery())
	defer look.Stop()
	w := watch{file: f, settle: orElse(f.Settle, 100*time.Millisecond)}
	for {
		if w.due() && !w.read(ctx, yield) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case e := <-hints.events:
			w.hint(e)
		case err := <-hints.errors:
			if err != nil { // the system dropped events
				w.touch()
			}
		case <-look.C:
			hints.renew()
			w.look()
		case <-w.wake():
		}
	}
}

// watch is one watch of a File.
type watch struct {
	file   *File
	settle time.Duration

	begun   bool
	data    []byte // of the last list that was good
	last    mapper.Update
	failing bool        // it is not what the file holds now
	looked  fs.FileInfo // what was there before the last reading

	changing time.Time // since when there are changes to be read; zero if there are none
	latest   time.Time // the latest of them
	busy     time.Time // since when a program has the file open for writing; zero if none has
}

// hint takes an event in the directory. If it is not about the file itself, it
// may be about a link above it.
func (w *watch) hint(e fsnotify.Event) {
	if filepath.Base(e.Name) == filepath.Base(w.file.Path) || w.differs() {
		w.touch()
	}
}

// look checks the file because time has passed. A file that could not be read is
// read again.
func (w *watch) look() {
	if w.failing || w.differs() {
		w.touch()
	}
}

func (w *watch) touch() {
	w.latest = time.Now()
	if w.changing.IsZero() {
		w.changing = w.latest
	}
}

// differs reports whether the file may have changed since it was read.
func (w *watch) differs() bool {
	now, err := os.Stat(w.file.Path)
	if err != nil || w.looked == nil {
		return err == nil || w.looked != nil
	}
	return !os.SameFile(now, w.looked) || now.Size() != w.looked.Size() || !now.ModTime().Equal(w.looked.ModTime())
}

// readAt is when the changes are to be read.
func (w *watch) readAt() time.Time {
	quiet, limit := w.latest.Add(w.settle), w.changing.Add(10*w.settle)
	if limit.Before(quiet) {
		return limit
	}
	return quiet
}

func (w *watch) due() bool {
	return !w.begun || !w.changing.IsZero() && !time.Now().Before(w.readAt())
}

func (w *watch) wake() <-chan time.Time {
	if w.changing.IsZero() {
		return nil
	}
	return time.After(time.Until(w.readAt()))
}

// read reads the file and yields an update if there is news. It returns false if
// the watch is over.
func (w *watch) read(ctx context.Context, yield func(mapper.Update) bool) bool {
	w.changing = time.Time{}
	if w.waitsForWriter() {
		return true
	}
	w.looked, _ = os.Stat(w.file.Path) // before the reading, so that a later change is seen
	data, nodes, err := w.list(ctx)
	partial, isPartial := errors.AsType[*mapper.PartialError](err)
	if ctx.Err() != nil {
		return false
	}
	if err != nil && !isPartial {
		w.begun, w.failing = true, true
		u := w.last.Clone()
		u.Err = err
		return yield(u)
	}
	news := !w.begun || w.failing || !bytes.Equal(w.data, data)
	w.begun, w.failing, w.data = true, false, data
	w.last = mapper.Update{Nodes: nodes, Confirmed: time.Now()}
	if isPartial {
		w.last.Skipped = partial.Skipped
	}
	return !news || yield(w.last.Clone())
}

// waitsForWriter puts the reading off while a program has the file open for
// writing, up to the limit of Settle.
func (w *watch) waitsForWriter() bool {
	if !beingWritten(w.file.Path) {
		w.busy = time.Time{}
		return false
	}
	now := time.Now()
	if w.busy.IsZero() {
		w.busy = now
	}
	if now.Sub(w.busy) >= 10*w.settle {
		return false // list says that it is being written
	}
	w.begun = true
	w.changing, w.latest = now, now
	return true
}

func (w *watch) list(ctx context.Context) ([]byte, []mapper.Node, error) {
	if !w.busy.IsZero() {
		return nil, nil, w.file.fail(errors.New("a program has it open for writing; rename a finished file into place"))
	}
	data, err := w.file.read(ctx)
	if err != nil {
		return nil, nil, err
	}
	if w.looked == nil || w.looked.Mode().IsRegular() {
		if err := checkFinished(data, w.file.Path); err != nil {
			return nil, nil, w.file.fail(err)
		}
	}
	nodes, err := w.file.parse(data)
	return data, nodes, err
}

// checkFinished rejects what a writer that is not done leaves. JSON shows by itself
// where it ends.
func checkFinished(data []byte, name string) error {
	data = bytes.TrimPrefix(data, byteOrderMark)
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return errors.New("it is empty, as a file that is being written; a list without nodes is a comment, or []")
	case data[len(data)-1] != '\n' && formatOf(data, name) != formatJSON:
		return errors.New("its last line has no newline, as a file that is being written: add one")
	}
	return nil
}

func orElse(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}
