package static

import (
	"errors"
	"io/fs"
	"path/filepath"
	"sync"

	"github.com/fsnotify/fsnotify"
)

// hints reports events in the directory of a file. Its zero value reports none:
// scanning has to do then.
type hints struct {
	events <-chan fsnotify.Event
	errors <-chan error // the system dropped events
	sub    *subscription
}

// hints subscribes to the events of the file's directory. The system may have no
// watches left.
func (f *File) hints() hints {
	sub, err := notifier.subscribe(filepath.Dir(f.Path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a directory that is not there is tried again
		f.log().Warn("static: changes are only seen by scanning, as the system cannot watch the file", "path", f.Path, "every", f.scanEvery(), "err", err)
	}
	if sub == nil {
		return hints{}
	}
	return hints{events: sub.events, errors: sub.lost, sub: sub}
}

// renew watches the directory if it is not watched: it may be new, or have
// replaced another one.
func (h hints) renew() {
	if h.sub != nil {
		notifier.renew(h.sub)
	}
}

func (h hints) close() {
	if h.sub != nil {
		notifier.unsubscribe(h.sub)
	}
}

// notifier is the one watcher of the process: systems allow few of them, such as
// 128 for each user.
var notifier = hub{open: fsnotify.NewWatcher, watch: (*fsnotify.Watcher).Add, subs: map[string]map[*subscription]bool{}}

// hub hands the events of directories to those that subscribe to them.
type hub struct {
	open  func() (*fsnotify.Watcher, error)
	watch func(w *fsnotify.Watcher, dir string) error

	mu   sync.Mutex
	w    *fsnotify.Watcher                 // nil while there are no subscriptions
	done chan struct{}                     // closed when the events of w have ended
	subs map[string]map[*subscription]bool // by directory
}

// subscription is one watch of a directory.
type subscription struct {
	path   string // of the directory, as it was given
	dir    string // where that leads: the system knows one name of a directory
	events chan fsnotify.Event
	lost   chan error
}

// backlog is how many events a subscription may be behind.
const backlog = 64

// subscribe returns no subscription if there is no watcher. With an error about the
// directory alone it returns one that is tried again.
func (h *hub) subscribe(path string) (*subscription, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.w == nil {
		w, err := h.open()
		if err != nil {
			return nil, err
		}
		h.w, h.done = w, make(chan struct{})
		go h.deliver(w, h.done)
	}
	sub := &subscription{path: path, events: make(chan fsnotify.Event, backlog), lost: make(chan error, 1)}
	return sub, h.add(sub)
}

// renew watches the directory that the path of a subscription leads to now.
func (h *hub) renew(sub *subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if realDir(sub.path) != sub.dir {
		h.remove(sub)
	}
	_ = h.add(sub) // it is tried again
}

// add is called with the lock held.
func (h *hub) add(sub *subscription) error {
	sub.dir = realDir(sub.path)
	if h.subs[sub.dir] == nil {
		h.subs[sub.dir] = map[*subscription]bool{}
	}
	h.subs[sub.dir][sub] = true
	return h.watch(h.w, sub.dir)
}

// remove is called with the lock held.
func (h *hub) remove(sub *subscription) {
	delete(h.subs[sub.dir], sub)
	if len(h.subs[sub.dir]) == 0 {
		delete(h.subs, sub.dir)
		_ = h.w.Remove(sub.dir) // it may have gone
	}
}

// realDir returns the directory that a path leads to, or the path if nothing is
// there.
func realDir(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if dir, err := filepath.EvalSymlinks(path); err == nil {
		return dir
	}
	return path
}

// unsubscribe ends a subscription, and the watcher with the last one.
func (h *hub) unsubscribe(sub *subscription) {
	h.mu.Lock()
	h.remove(sub)
	w, done := h.w, h.done
	last := len(h.subs) == 0
	if last {
		h.w = nil
	}
	h.mu.Unlock()
	if last {
		_ = w.Close()
		<-done
	}
}

// deliver passes events on until the watcher is closed.
func (h *hub) deliver(w *fsnotify.Watcher, done chan struct{}) {
	defer close(done)
	for {
		select {
		case e, open := <-w.Events:
			if !open {
				return
			}
			h.pass(filepath.Dir(e.Name), e)
			h.pass(e.Name, e) // what happens to the directory itself
		case err, open := <-w.Errors:
			if !open {
				return
			}
			h.passAll(err)
		}
	}
}

// pass never blocks: a subscription that is behind gets an error instead.
func (h *hub) pass(dir string, e fsnotify.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for sub := range h.subs[dir] {
		select {
		case sub.events <- e:
		default:
			sub.lose(fsnotify.ErrEventOverflow)
		}
	}
}

func (h *hub) passAll(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, subs := range h.subs {
		for sub := range subs {
			sub.lose(err)
		}
	}
}

func (s *subscription) lose(err error) {
	select {
	case s.lost <- err:
	default: // one says as much as many
	}
}
