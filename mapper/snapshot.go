package mapper

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Snapshot is a set of nodes as it was at a time, in a form that survives on
// disk. The file is the JSON that package static reads, so it can be used as a
// list of nodes too.
type Snapshot struct {
	// Saved is when the source last said so.
	Saved time.Time
	Nodes []Node
}

const (
	snapshotSchema = "proxenos.nodes/v1"
	snapshotMax    = 64 << 20 // bytes: some hundred thousand nodes
)

type snapshotFile struct {
	Schema string    `json:"schema"`
	Saved  time.Time `json:"saved"`
	Nodes  []Node    `json:"nodes"`
}

// Write replaces the file by the snapshot. Whenever the machine stops, the file
// is the old one or the new one, never a half of either. Only the owner can
// read it (mode 0600), as metadata may be nobody else's business.
func (s Snapshot) Write(path string) error {
	data, err := json.Marshal(snapshotFile{snapshotSchema, s.Saved, s.Nodes})
	if err != nil {
		return fmt.Errorf("snapshot %s: %w", path, err)
	}
	if err := replaceFile(path, append(data, '\n')); err != nil {
		return fmt.Errorf("snapshot %s: %w", path, err)
	}
	return nil
}

// replaceFile writes to a new file in the same directory and renames it.
func replaceFile(path string, data []byte) error {
	dir, name := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	f, err := os.CreateTemp(dir, "."+name+".*.tmp") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	err = join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return join(err, os.Remove(f.Name()))
	}
	sweep(dir, name)
	return syncDir(dir)
}

// sweep removes what writers that were killed left behind. A file that is a
// minute old is nobody's work any more.
func sweep(dir, name string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // it is only tidier without them
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "."+name+".") || !strings.HasSuffix(e.Name(), ".tmp") {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > time.Minute {
			_ = os.Remove(filepath.Join(dir, e.Name())) // likewise
		}
	}
}

// syncDir makes the rename survive a crash. Some file systems cannot, and say
// that it is invalid.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return join(err, d.Close())
}

// ReadSnapshot reads what Write wrote. It checks the nodes: names are there and
// differ, weights are from 0 to MaxWeight. A missing file is
// fs.ErrNotExist.
func ReadSnapshot(path string) (Snapshot, error) {
	data, err := readRegular(path)
	if err != nil {
		return Snapshot{}, fmt.Errorf("snapshot %s: %w", path, err)
	}
	var file snapshotFile
	if err := json.Unmarshal(data, &file); err != nil {
		return Snapshot{}, fmt.Errorf("snapshot %s: not a snapshot: %w", path, err)
	}
	if file.Schema != snapshotSchema {
		return Snapshot{}, fmt.Errorf("snapshot %s: schema %q: want %q", path, file.Schema, snapshotSchema)
	}
	if err := checkSnapshot(file.Nodes); err != nil {
		return Snapshot{}, fmt.Errorf("snapshot %s: %w", path, err)
	}
	return Snapshot{file.Saved, file.Nodes}, nil
}

// readRegular reads a file that cannot block and is not absurdly large.
func readRegular(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, unwrapPath(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, unwrapPath(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	var data bytes.Buffer
	if n, err := io.Copy(&data, io.LimitReader(f, snapshotMax+1)); err != nil {
		return nil, unwrapPath(err)
	} else if n > snapshotMax {
		return nil, fmt.Errorf("larger than %d bytes", snapshotMax)
	}
	return data.Bytes(), nil
}

// unwrapPath drops the path that the caller names anyway.
func unwrapPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

func checkSnapshot(nodes []Node) error {
	seen := make(map[string]bool, len(nodes))
	for i, n := range nodes {
		switch {
		case n.Name == "":
			return fmt.Errorf("node %d has no id", i+1)
		case seen[n.Name]:
			return fmt.Errorf("node %q occurs twice", n.Name)
		case n.Weight < 0 || n.Weight > MaxWeight:
			return fmt.Errorf("node %q: weight %v: must be a number from 0 to %g", n.Name, n.Weight, float64(MaxWeight))
		}
		seen[n.Name] = true
	}
	return nil
}
