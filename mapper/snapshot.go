package mapper

import (
	"bytes"
	"fmt"
	"time"

	"github.com/proxenos/proxenos/internal/atomicfile"
	"github.com/proxenos/proxenos/internal/nodelist"
)

// Snapshot is a set of nodes as it was at a time, kept in a file. The file is
// the JSON that package static reads, so it serves as a list of nodes too.
type Snapshot struct {
	// Saved is when the source last confirmed the nodes. Zero means not known.
	Saved time.Time
	// Query identifies what the source listed, as Cached.Query. Empty means
	// not known.
	Query string
	// Partial is true if records were left out.
	Partial bool
	Nodes   []Node
}

// maxSnapshot bounds the bytes of a snapshot: some hundred thousand nodes.
const maxSnapshot = 64 << 20

// Write replaces the file by the snapshot. Even if the process or the machine
// crashes, the file holds the old snapshot or the new one, never a part of
// either. A symbolic link is followed; what exists and is not a regular file is
// refused. Only the owner can read a new file (mode 0600), as metadata may be
// private. Nodes that ReadSnapshot would reject are an error, and then the file
// stays.
func (s Snapshot) Write(path string) error {
	d := nodelist.Document{Saved: s.Saved, Query: s.Query, Partial: s.Partial, Nodes: make([]nodelist.Node, len(s.Nodes))}
	for i, n := range s.Nodes {
		d.Nodes[i] = nodelist.Node(n)
	}
	var data bytes.Buffer
	err := nodelist.WriteJSON(&data, d)
	if err == nil && data.Len() > maxSnapshot {
		err = fmt.Errorf("larger than %d bytes", maxSnapshot)
	}
	if err == nil {
		err = atomicfile.Write(path, data.Bytes(), 0o600)
	}
	if err != nil {
		return fmt.Errorf("snapshot %s: %w", path, err)
	}
	return nil
}

// ReadSnapshot reads what Write wrote, or any list of nodes in JSON, and checks
// the nodes as package static does. Saved is zero if the list does not say when
// it was saved. The error of a missing file is fs.ErrNotExist.
func ReadSnapshot(path string) (Snapshot, error) {
	data, err := atomicfile.Read(path, maxSnapshot)
	if err != nil {
		return Snapshot{}, fmt.Errorf("snapshot %s: %w", path, err)
	}
	d, err := nodelist.ParseJSON(data, "snapshot "+path)
	if err != nil {
		return Snapshot{}, err
	}
	s := Snapshot{Saved: d.Saved, Query: d.Query, Partial: d.Partial, Nodes: make([]Node, len(d.Nodes))}
	for i, n := range d.Nodes {
		s.Nodes[i] = Node(n)
	}
	return s, nil
}
