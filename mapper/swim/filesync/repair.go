package filesync

import (
	"bytes"
	"errors"
	"io/fs"
)

// repair writes what another program removed or changed, and what could not be
// written before. It compares the names and sizes of files, and their contents if
// it is thorough.
func (m *Mirror) repair(thorough bool) {
	err := errors.Join(m.folder(m.local), m.link(localLink, m.local))
	for _, f := range folders {
		err = errors.Join(err, m.folder(f.name))
	}
	if err != nil && !m.stale { // logged once, not at each attempt
		m.log.Error("cannot repair the folders; retrying", "err", err)
	}
	m.stale = err != nil
	for name, s := range m.shown {
		if !s.stale && m.isWhole(name, s, thorough) {
			continue
		}
		s.files, s.status = nil, 0
		m.write(name, s)
	}
}

// isWhole reports whether the directory holds what was written of a member.
func (m *Mirror) isWhole(name string, s *shown, thorough bool) bool {
	for _, f := range folders {
		target, err := m.root.Readlink(f.name + "/" + name)
		if linked := err == nil && target == "../"+name; linked != s.status.In(f.set) {
			return false
		}
	}
	info, err := m.root.Lstat(name)
	return err == nil && info.IsDir() && (s.files == nil || m.holds(name, s.files, thorough))
}

// holds reports whether a folder holds these files and no others.
func (m *Mirror) holds(name string, files map[string][]byte, thorough bool) bool {
	entries, err := fs.ReadDir(m.root.FS(), name)
	if err != nil {
		return false
	}
	found := 0
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		content, known := files[entry.Name()]
		info, err := entry.Info()
		if !known || err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(content)) {
			return false
		}
		if thorough {
			if held, err := m.root.ReadFile(name + "/" + entry.Name()); err != nil || !bytes.Equal(held, content) {
				return false
			}
		}
		found++
	}
	return found == len(files)
}
