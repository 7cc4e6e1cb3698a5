package filesync

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// An editor makes several changes for one save, so the folder is read after a
// moment without a change, and at the latest some time after the first change.
const (
	quietFor = 100 * time.Millisecond
	atMost   = time.Second
)

// Watch calls changed after each change of the local folder, until the context
// ends. If the folder is moved or removed, Watch watches the next folder of that
// name.
func (m *Mirror) Watch(ctx context.Context, changed func()) (err error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	folder := filepath.Join(m.path, m.local)
	if err := w.Add(folder); err != nil {
		return err
	}
	var pending burst
	again := time.NewTicker(m.retry)
	defer again.Stop()
	lost := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-w.Events:
			if !open {
				return errors.New("the folder is no longer watched")
			}
			pending.touch(time.Now())
		case err := <-w.Errors:
			m.log.Warn("a change of the local folder may be missed", "err", err)
			pending.touch(time.Now())
		case <-pending.due:
			pending = burst{}
			lost = w.Add(folder) != nil // another folder may have the name now
			changed()
		case <-again.C:
			if lost && w.Add(folder) == nil {
				pending.touch(time.Now())
			}
		}
	}
}

// burst is a series of changes that are reported as one.
type burst struct {
	since time.Time
	due   <-chan time.Time // nil: no change yet
}

// touch notes a change.
func (b *burst) touch(now time.Time) {
	if b.due == nil {
		b.since = now
	}
	b.due = time.After(min(quietFor, b.since.Add(atMost).Sub(now)))
}
