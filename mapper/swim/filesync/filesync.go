// Package filesync mirrors a gossip cluster into a directory, so that a shell
// script can be a member:
//
//	.local -> 127.0.0.1:2001          this member
//	.online/  .suspect/  .offline/    links to the others, by status
//	.available/  .unavailable/        links by set: suspects are in both
//	127.0.0.1:2001/                   the metadata of this member
//	127.0.0.1:2002/port               that of another one, a file for each key
//	on-update                         run after each change, if it exists
//
// The layout, the signals and the hook are those of the tool
// swim-protocol-sync 0.6.3. Unlike it, this package confines what peers send to
// the directory: every operation goes through [os.Root], and an update with an
// unsafe name is refused as a whole. A file is complete or does not exist, even
// if the process is killed.
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

// Config configures a mirror. The zero value is valid.
type Config struct {
	// HookTimeout bounds each run of on-update. Zero means 30 seconds.
	HookTimeout time.Duration
	// Log receives what cannot be mirrored. Nil logs nothing.
	Log *slog.Logger
}

// Mirror keeps a directory equal to a cluster. Its methods are safe for
// concurrent use, except that only one [Mirror.Run] may run at a time.
type Mirror struct {
	root  *os.Root
	lock  io.Closer
	path  string // absolute
	local string // the local member's name
	log   *slog.Logger
	hook  *hook
	retry time.Duration // retryEvery, but in tests
	again chan struct{} // holds one token after a reload

	shown map[string]*shown // by member
	stale bool              // the last repair of the local folder failed
	names map[string]string // folded name of a folder to its member
}

// shown is what the directory holds of one other member.
type shown struct {
	want   swim.Member
	status swim.Status       // that the links show
	files  map[string][]byte // in the folder; nil: not known
	stale  bool              // the last write failed
}

// folders are the folders of links, with the statuses that each holds. Members
// that left are among the offline ones, as swim-protocol-sync has no such status.
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

// ErrInUse is returned by [Open] for a directory that another Mirror holds.
var ErrInUse = errors.New("the directory is in use by another mirror")

// Open prepares a directory for the local member: it creates the directory (not
// its parents), the folders of links and the member's own, and removes links
// that a killed process left behind. It locks the directory until the Mirror is
// closed or the process ends, on systems with such locks: a second Mirror would
// remove the links of the first. Close the Mirror after [Mirror.Run].
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
		root: root, path: path, local: local, log: cfg.Log, retry: retryEvery, again: make(chan struct{}, 1),
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

// folder creates the folder unless it exists. A link or file in its place is
// replaced, as a link could lead elsewhere.
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

// link creates a link to the target, in place of any other link.
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

// Close closes and unlocks the directory and keeps its content. It is idempotent.
func (m *Mirror) Close() error {
	err := m.lock.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	return errors.Join(err, m.root.Close())
}

// retryEvery is the interval at which the directory is compared with the cluster,
// and failed writes and watches are tried again.
const retryEvery = 5 * time.Second

// Run mirrors the cluster until the context ends or the member is closed. Then
// it removes the links, .local and the files of other members, waits for the
// hook and returns. Every 5 seconds it tries failed writes again, and repairs
// what another program removed or changed; see also [Mirror.Reload].
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
	tick := time.NewTicker(m.retry)
	defer tick.Stop()
	for {
		select {
		case e, open := <-events:
			if !open {
				return
			}
			m.apply(e)
		case <-tick.C:
			m.repair(false)
		case <-m.again:
			m.repair(true)
		}
	}
}

// apply writes one change.
func (m *Mirror) apply(e swim.Event) {
	member := e.Member
	onlyRestarted := e.Restarted && !e.Status && !e.Metadata && !e.Reaped
	if member.Local || onlyRestarted { // no file shows a restart
		return
	}
	if e.Reaped || member.Observer { // it may not have been an observer before
		m.remove(member.Name)
		return
	}
	s := m.shown[member.Name]
	if s == nil {
		if err := m.claim(member.Name); err != nil {
			m.log.Warn("cannot mirror a member", "err", err)
			return
		}
		s = &shown{}
		m.shown[member.Name] = s
	}
	s.want = member
	m.write(member.Name, s)
	m.hook.queue(member)
}

// claim reserves the folder of a member. Of two names that are one on some file
// systems, only the first gets a folder.
func (m *Mirror) claim(name string) error {
	if err := checkMember(name); err != nil {
		return err
	}
	if other, taken := m.names[fold(name)]; taken && other != name {
		return fmt.Errorf("the name %q is the same as %q on some file systems", name, other)
	}
	m.names[fold(name)] = name
	return nil
}

// write makes the folder and the links of a member what they should be.
func (m *Mirror) write(name string, s *shown) {
	err := errors.Join(m.writeFiles(name, s), m.writeLinks(name, s))
	switch {
	case err != nil && !s.stale: // logged once, not at each attempt
		m.log.Error("cannot mirror a member; retrying", "member", name, "err", err)
	case err == nil && s.stale:
		m.log.Info("mirroring the member again", "member", name)
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
			m.log.Warn("refusing metadata", "member", name, "err", err)
			return nil // another attempt would not help
		}
	}
	dir, err := m.root.OpenRoot(name)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	changed, err := replaceFiles(dir, s.files, s.want.Metadata)
	if err != nil {
		s.files = nil // the content is unknown; write all of it the next time
		return err
	}
	s.files = s.want.Metadata
	if changed {
		now := time.Now()
		return m.root.Chtimes(name, now, now)
	}
	return nil
}

// replaceFiles makes the folder hold the wanted files and no others. have is what
// it holds, or nil if that is not known.
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

// temporary is the name of the file that the new content is written to. A folder
// has one writer, and no key has this name.
const temporary = ".next"

// replaceFile writes a temporary file and renames it, so that a reader sees the
// old content or the new one, even if the process or the machine stops.
func replaceFile(dir *os.Root, name string, content []byte) error {
	if err := dir.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := writeTemporary(dir, content); err != nil {
		return err
	}
	return dir.Rename(temporary, name)
}

// writeTemporary creates the temporary file, which must not exist.
func writeTemporary(dir *os.Root, content []byte) error {
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
	return nil
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

// remove removes a member that was reaped.
func (m *Mirror) remove(name string) {
	s := m.shown[name]
	if s == nil {
		return
	}
	s.want.Status, s.want.Metadata = 0, map[string][]byte{}
	m.write(name, s)
	if err := m.unlink(name); err != nil {
		m.log.Warn("cannot remove the folder of a reaped member", "member", name, "err", err)
	}
	delete(m.shown, name)
	delete(m.names, fold(name))
}

// clean removes what is only true while the member runs: the links, and the
// files of other members. The folders and the local member's files stay.
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

// unlinkAll empties the folders of links, and creates those that are not folders.
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
				continue // another program created it
			}
			if err := m.root.Remove(f.name + "/" + entry.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}
