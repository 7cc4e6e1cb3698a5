package filesync

import (
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/proxenos/proxenos/internal/nonblock"
	"github.com/proxenos/proxenos/mapper/swim"
)

// Local returns the files in the folder of the local member, which are its
// metadata. It ignores names that start with a dot, which editors leave behind.
// Anything else must be a regular file of at most 64 KiB with a safe name, or
// Local returns an error; it never waits for a pipe or a device.
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
		if metadata[name], err = m.readRegular(m.local + "/" + name); err != nil {
			return nil, err
		}
	}
	return metadata, nil
}

// readRegular reads a regular file. It checks the type before and after opening,
// without blocking, as a pipe may replace the file in between.
func (m *Mirror) readRegular(name string) ([]byte, error) {
	info, err := m.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file: remove it from the folder", name)
	}
	return m.readOpened(name)
}

// readOpened opens and reads what may no longer be a regular file.
func (m *Mirror) readOpened(name string) ([]byte, error) {
	f, err := m.root.OpenFile(name, os.O_RDONLY|nonblock.Flag, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no longer a regular file", name)
	}
	content, err := io.ReadAll(io.LimitReader(f, swim.MaxValue+1))
	if err == nil && len(content) > swim.MaxValue {
		err = fmt.Errorf("%s has more than the %d bytes allowed", name, swim.MaxValue)
	}
	return content, err
}

// Reload announces the metadata that [Mirror.Local] returns, and makes
// [Mirror.Run] compare every file of the other members and repair it. On an
// error, the member keeps the metadata that it has.
func (m *Mirror) Reload(cluster *swim.Cluster) error {
	select {
	case m.again <- struct{}{}:
	default: // it is about to do so
	}
	metadata, err := m.Local()
	if err != nil {
		return err
	}
	return cluster.SetMetadata(metadata)
}
