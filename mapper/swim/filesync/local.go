package filesync

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/proxenos/proxenos/mapper/swim"
)

// Local reads the files of the local member's folder, which are its
// metadata. Files whose names start with a dot, as editors leave them, are
// not read. Anything else that is no plain file of at most 64 KiB with a safe
// name is an error, and nothing is read then: a pipe or a device in the
// folder holds nobody up.
func (m *Mirror) Local() (map[string][]byte, error) {
	entries, err := fs.ReadDir(m.root.FS(), m.local)
	if err != nil {
		return nil, err
	}
	metadata := map[string][]byte{}
	for _, entry := range entries {
		name := entry.Name()
		if name[0] == '.' {
			continue
		}
		if err := SafeName(name); err != nil {
			return nil, fmt.Errorf("in %s: %w", m.local, err)
		}
		if len(metadata) == swim.MaxKeys {
			return nil, fmt.Errorf("in %s: more than %d files", m.local, swim.MaxKeys)
		}
		if metadata[name], err = m.readPlain(m.local + "/" + name); err != nil {
			return nil, err
		}
	}
	return metadata, nil
}

// readPlain reads a plain file. It is opened without waiting and asked what
// it is before and after: a pipe may take its place in between.
func (m *Mirror) readPlain(name string) ([]byte, error) {
	info, err := m.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no plain file: remove it from the folder", name)
	}
	f, err := m.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no plain file any more", name)
	}
	content, err := io.ReadAll(io.LimitReader(f, swim.MaxValue+1))
	if err == nil && len(content) > swim.MaxValue {
		err = fmt.Errorf("%s has more than the %d bytes allowed", name, swim.MaxValue)
	}
	return content, err
}

// Reload reads the local folder and tells the cluster if it changed. On an
// error the cluster keeps what it has.
func (m *Mirror) Reload(cluster *swim.Cluster) error {
	metadata, err := m.Local()
	if err != nil {
		return err
	}
	return cluster.SetMetadata(metadata)
}
