// Package filesync mirrors a gossip cluster into a directory, so that a shell
// script can be a member:
//
//	.local -> 127.0.0.1:2001          this member
//	.online/  .suspect/  .offline/    links to the others, by status
//	.available/  .unavailable/        links by set: suspects are in both
//	127.0.0.1:2001/                   what this member says of itself
//	127.0.0.1:2002/port               what that one says, a file for each key
//	on-update                         run after each change, if it is there
//
// The layout, the signals and the hook are those of the tool
// swim-protocol-sync 0.6.3. Unlike it, this package lets nothing that a peer
// sends touch anything outside of the directory: every operation goes through
// os.Root, and an update with a name that is not safe is refused whole.
// Files appear complete or not at all, also when the process is killed.
package filesync

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/proxenos/proxenos/mapper/swim"
)

// Config says how to mirror. The zero value of each field means what its
// comment says.
type Config struct {
	// HookTimeout bounds each run of on-update. Zero means 30 s.
	HookTimeout time.Duration
	// Log receives what cannot be mirrored. Nil logs nothing.
	Log *slog.Logger
}

// Mirror is a directory that shows a cluster. Its methods may be called by
// several goroutines at once, Run by one.
type Mirror struct {
	root  *os.Root
	lock  io.Closer
	path  string // absolute
	local string // the local member's name
	log   *slog.Logger
	hook  *hook

	shown map[string]*shown // by member
	names map[string]string // folded name of a folder to the member it belongs to
}

// shown is what the directory holds of one member.
type shown struct {
	want   swim.Member
	status swim.Status       // whose links exist
	files  map[string][]byte // nil: not written yet by this process
	stale  bool              // the last attempt failed
}

// folders are the folders of links and which statuses are in each. Left
// members are shown as offline, as the ancestor had no such status.
var folders = []struct {
	name string
	set  swim.Status
}{
	{".online", swim.StatusOnline},
	{".offline", swim.StatusOffline | swim.StatusLeft},
	{".suspect", swim.StatusSuspect},
	{".available", swim.StatusAvailable},
	{".unavailable", swim.StatusUnavailable},
}

const localLink = ".local"

// ErrInUse is returned by Open for a directory that another Mirror has.
var ErrInUse = errors.New("the directory is in use by another mirror")

// Open prepares a directory for the member of that name: it creates the
// directory (not its parents), the folders and the member's own, and removes
// links that a killed process left. The directory is this Mirror's until it is
// closed or its process ends, where the system has locks for that: a second
// one would take the first one's links for such leftovers. Close it after Run.
func Open(dir, local string, cfg Config) (*Mirror, error) {
	if err := checkMember(local); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.HookTimeout <= 0 {
		cfg.HookTimeout = 30 * time.Second
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	m := &Mirror{
		root: root, path: path, local: local, log: cfg.Log,
		shown: map[string]*shown{}, names: map[string]string{fold(local): local},
	}
	m.hook = newHook(root, path, cfg)
	if m.lock, err = lock(root); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), root.Close())
	}
	if err := m.prepare(); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func (m *Mirror) prepare() error {
	if err := m.unlinkAll(); err != nil {
		return err
	}
	if err := m.folder(m.local); err != nil {
		return err
	}
	return m.link(localLink, m.local)
}

// folder makes sure that there is a real folder of that name. A link or file
// in its place is replaced: a link could lead elsewhere.
func (m *Mirror) folder(name string) error {
	info, err := m.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case info.IsDir():
		return nil
	default:
		if err := m.root.Remove(name); err != nil {
			return err
		}
	}
	return m.root.Mkdir(name, 0o755)
}

// link makes a link with that target, in place of any other.
func (m *Mirror) link(name, target string) error {
	if old, err := m.root.Readlink(name); err == nil {
		if old == target {
			return nil
		}
		if err := m.root.Remove(name); err != nil {
			return err
		}
	}
	return m.root.Symlink(target, name)
}

// Close closes the directory. What is in it stays. Closing again does nothing.
func (m *Mirror) Close() error {
	err := m.lock.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	return errors.Join(err, m.root.Close())
}

// retryEvery is how often what could not be written is tried again.
const retryEvery = 5 * time.Second

// Run mirrors the cluster until the context ends or the member is closed.
// Then it removes the links, .local and the files of other members, waits for
// the hook and returns. What cannot be written is logged and tried again.
func (m *Mirror) Run(ctx context.Context, cluster *swim.Cluster) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events := make(chan swim.Event)
	go func() {
		defer close(events)
		for e := range cluster.Events(ctx) {
			select {
			case events <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	hooked := make(chan struct{})
	go func() {
		defer close(hooked)
		m.hook.run(ctx)
	}()
	m.follow(events)
	cancel()
	<-hooked
	return m.clean()
}

func (m *Mirror) follow(events <-chan swim.Event) {
	again := time.NewTicker(retryEvery)
	defer again.Stop()
	for {
		select {
		case e, open := <-events:
			if !open {
				return
			}
			m.apply(e)
		case <-again.C:
			for name, s := range m.shown {
				if s.stale {
					m.write(name, s)
				}
			}
		}
	}
}

// apply shows one change.
func (m *Mirror) apply(e swim.Event) {
	member := e.Member
	onlyRestarted := e.Restarted && !e.Status && !e.Metadata && !e.Reaped
	if member.Local || onlyRestarted { // nothing here shows a restart
		return
	}
	if e.Reaped || member.Observer { // it may have been none before
		m.forget(member.Name)
		return
	}
	s := m.shown[member.Name]
	if s == nil {
		if err := m.claim(member.Name); err != nil {
			m.log.Warn("a member is not mirrored", "error", err)
			return
		}
		s = &shown{}
		m.shown[member.Name] = s
	}
	s.want = member
	m.write(member.Name, s)
	m.hook.queue(member)
}

// claim reserves the member's folder. Two names that a file system could take
// for one are not both shown.
func (m *Mirror) claim(name string) error {
	if err := checkMember(name); err != nil {
		return err
	}
	if other, taken := m.names[fold(name)]; taken && other != name {
		return fmt.Errorf("the member %q is spelled like %q", name, other)
	}
	m.names[fold(name)] = name
	return nil
}

// write brings the folder and the links to what is wanted.
func (m *Mirror) write(name string, s *shown) {
	err := errors.Join(m.writeFiles(name, s), m.writeLinks(name, s))
	switch {
	case err != nil && !s.stale: // said once: it is tried again every few seconds
		m.log.Error("a member cannot be mirrored now", "member", name, "error", err)
	case err == nil && s.stale:
		m.log.Info("a member is mirrored again", "member", name)
	}
	s.stale = err != nil
}

func (m *Mirror) writeFiles(name string, s *shown) error {
	if err := m.folder(name); err != nil {
		return err
	}
	if s.want.Metadata == nil {
		return nil
	}
	for key := range s.want.Metadata {
		if err := SafeName(key); err != nil {
			m.log.Warn("metadata is refused", "member", name, "error", err)
			return nil // it will not get better by trying again
		}
	}
	dir, err := m.root.OpenRoot(name)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	changed, err := replaceFiles(dir, s.files, s.want.Metadata)
	if err != nil {
		s.files = nil // nobody knows what is there; write everything next time
		return err
	}
	s.files = s.want.Metadata
	if changed {
		now := time.Now()
		return m.root.Chtimes(name, now, now)
	}
	return nil
}

// replaceFiles makes the folder hold these files. Have is what it holds, or
// nil if that is not known.
func replaceFiles(dir *os.Root, have, want map[string][]byte) (changed bool, err error) {
	for key, value := range want {
		if old, same := have[key]; same && bytes.Equal(old, value) {
			continue
		}
		if err := replaceFile(dir, key, value); err != nil {
			return changed, err
		}
		changed = true
	}
	entries, err := fs.ReadDir(dir.FS(), ".")
	if err != nil {
		return changed, err
	}
	for _, entry := range entries {
		if _, keep := want[entry.Name()]; keep || entry.IsDir() {
			continue
		}
		if err := dir.Remove(entry.Name()); err != nil {
			return changed, err
		}
		changed = true
	}
	return changed, nil
}

// temporary is the file that the next content is written to. There is one
// writer of a folder; what a killed one left is overwritten or removed, and
// no key is called so.
const temporary = ".next"

// replaceFile writes beside the file and renames, so that a reader sees the
// old content or the new, whenever the process or the machine stops.
func replaceFile(dir *os.Root, name string, content []byte) error {
	if err := dir.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := dir.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, dir.Remove(temporary))
	}
	return dir.Rename(temporary, name)
}

func (m *Mirror) writeLinks(name string, s *shown) error {
	if s.status == s.want.Status {
		return nil
	}
	for _, f := range folders {
		err := m.folder(f.name)
		switch {
		case err != nil:
		case s.want.Status.In(f.set):
			err = m.link(f.name+"/"+name, "../"+name)
		default:
			err = m.unlink(f.name + "/" + name)
		}
		if err != nil {
			return err
		}
	}
	s.status = s.want.Status
	return nil
}

func (m *Mirror) unlink(name string) error {
	if err := m.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// forget removes a member that the cluster no longer remembers.
func (m *Mirror) forget(name string) {
	s := m.shown[name]
	if s == nil {
		return
	}
	s.want.Status, s.want.Metadata = 0, map[string][]byte{}
	m.write(name, s)
	if err := m.unlink(name); err != nil {
		m.log.Warn("the folder of a forgotten member stays", "member", name, "error", err)
	}
	delete(m.shown, name)
	delete(m.names, fold(name))
}

// clean removes what only a running member can vouch for. The folders stay,
// and so do the local member's files.
func (m *Mirror) clean() error {
	err := errors.Join(m.unlink(localLink), m.unlinkAll())
	for name := range m.shown {
		err = errors.Join(err, m.empty(name))
	}
	return err
}

// empty removes the files of a member's folder.
func (m *Mirror) empty(name string) error {
	if err := m.folder(name); err != nil {
		return err
	}
	dir, err := m.root.OpenRoot(name)
	if err != nil {
		return err
	}
	_, err = replaceFiles(dir, nil, nil)
	return errors.Join(err, dir.Close())
}

// unlinkAll empties the folders of links. Where somebody has put something
// else in the place of one, an empty folder is there afterwards.
func (m *Mirror) unlinkAll() error {
	for _, f := range folders {
		if err := m.folder(f.name); err != nil {
			return err
		}
		entries, err := fs.ReadDir(m.root.FS(), f.name)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if entry.Type()&fs.ModeSymlink == 0 {
				continue // not ours
			}
			if err := m.root.Remove(f.name + "/" + entry.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}
