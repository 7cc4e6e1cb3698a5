package place

import (
	"fmt"
	"os"
	"strings"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/layoutfile"
	"github.com/proxenos/proxenos/mapper"
)

// Recipe is a placement as text that a process on another machine can build it from.
// Secrets are no part of it: a process that hashes with a secret key needs the same
// environment.
type Recipe struct {
	Settings Settings
	File     string        // the text of --layout-file or --slots
	Nodes    []mapper.Node // in the order that the placement was built from
	Checksum string        // of the placement
}

// Recipe returns the recipe of a placement that the flags built. It fails if another
// process could not build the placement.
func (o *Flags) Recipe(p *Placement, std *term.Streams) (*Recipe, error) {
	r := &Recipe{Settings: o.settings(), Nodes: p.Nodes, Checksum: p.ChecksumText()}
	if !o.algorithm.ownHash {
		r.Settings.Hash = o.Method.String() // also if it comes from the environment
	}
	path, flag := r.Settings.LayoutFile, "layout-file"
	if r.Settings.Slots != "" {
		path, flag = r.Settings.Slots, "slots"
	}
	if strings.HasPrefix(path, redisScheme) {
		return nil, term.Hint(term.Usagef("--slots %s: workers query no server", path), "redis-cli cluster nodes > FILE saves the slots")
	}
	if path != "" {
		text, err := o.readFile(path, flag, max(maxSlotsFile, layoutfile.MaxSize))
		if err != nil {
			return nil, err
		}
		r.File = string(text)
	}
	if _, err := r.Build(std); err != nil {
		return nil, term.AsUsage(err)
	}
	return r, nil
}

// Build builds the placement.
func (r *Recipe) Build(std *term.Streams) (*Placement, error) {
	o := &Flags{Confined: func(string, string) (*os.File, error) { return fileOf(r.File) }}
	if err := o.Apply(r.Settings, std); err != nil {
		return nil, err
	}
	p, err := o.Build(r.Nodes)
	if err != nil {
		return nil, err
	}
	if sum := p.ChecksumText(); sum != r.Checksum {
		err := fmt.Errorf("a worker places keys by other rules (checksum %s, not %s)", sum, r.Checksum)
		return nil, term.Hint(err, "workers get no secret keys: their environment must have them, and --before-key-file cannot apply")
	}
	return p, nil
}

// fileOf returns an open file with a text. It has no name any more.
func fileOf(text string) (*os.File, error) {
	f, err := os.CreateTemp("", "proxenos-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // a file left over is harmless
	if _, err = f.WriteString(text); err == nil {
		_, err = f.Seek(0, 0)
	}
	if err != nil {
		f.Close() //nolint:errcheck // the first error counts
		return nil, err
	}
	return f, nil
}
