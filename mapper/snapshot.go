package mapper

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/proxenos/proxenos/internal/atomicfile"
)

// Snapshot is a set of nodes as it was at a time, kept in a file. The file is
// the JSON that package static reads, so it serves as a list of nodes too.
type Snapshot struct {
	// Saved is when the source last confirmed the nodes.
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

// Write replaces the file by the snapshot. Whenever the process or the machine
// stops, the file holds the old snapshot or the new one, never a part of either.
// A symbolic link is followed; what exists and is not a regular file is refused.
// Only the owner can read a new file (mode 0600), as metadata may be private.
func (s Snapshot) Write(path string) error {
	data, err := json.Marshal(snapshotFile{snapshotSchema, s.Saved, s.Nodes})
	if err != nil {
		return fmt.Errorf("snapshot %s: %w", path, err)
	}
	if err := atomicfile.Write(path, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("snapshot %s: %w", path, err)
	}
	return nil
}

// ReadSnapshot reads what Write wrote. It checks that names are present and
// differ, and that weights are from 0 to MaxWeight. The error of a missing file
// is fs.ErrNotExist.
func ReadSnapshot(path string) (Snapshot, error) {
	data, err := atomicfile.Read(path, snapshotMax)
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
