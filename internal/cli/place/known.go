package place

import (
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// Sizes that programs are configured with, besides the defaults.
var (
	commonPoints    = []int{10, 20, 32, 40, 50, 64, 100, 128, 160, 200, 256, 320, 500, 512, 640, 1000, 1024, 4096}
	commonTableBits = []int{8, 10, 12, 14, 18, 20}
)

// Known returns the settings of every algorithm that programs may run with, in
// tiers by how far they are from the defaults. It leaves out algorithms that need
// a file.
func Known() (tiers [5][]Settings) {
	for _, a := range Algorithms {
		if a.NeedsFile() {
			continue
		}
		for i, s := range a.hashes() {
			for j, by := range a.hashedParts() {
				s.HashBy = by
				tier := min(i, 1) + min(j, 1)
				if tier > 0 && a.Name == "python-proxenos" {
					tier++ // building it takes a hundred times longer
				}
				tiers[tier] = append(tiers[tier], s)
				tiers[tier+2] = append(tiers[tier+2], a.sizes(s)...)
			}
		}
	}
	return tiers
}

// hashes returns settings with each hash that applies, the default first.
func (a Algorithm) hashes() []Settings {
	all := []Settings{{Algorithm: a.Name}}
	if !a.ownHash {
		all[0].Hash = prf.SipHash.String()
		for _, name := range prf.Names() {
			if name != all[0].Hash {
				all = append(all, Settings{Algorithm: a.Name, Hash: name})
			}
		}
	}
	for _, name := range a.keyHashes[min(1, len(a.keyHashes)):] {
		all = append(all, Settings{Algorithm: a.Name, KeyHash: name})
	}
	return all
}

// hashedParts returns the values of --hash-by that apply, the default first as "".
func (a Algorithm) hashedParts() []string {
	return append([]string{""}, a.hashBy[min(1, len(a.hashBy)):]...)
}

// TakesHashBy reports whether --hash-by applies to the algorithm of the settings.
func (s Settings) TakesHashBy() bool { return named(s.Algorithm).hashBy != nil }

// sizes returns s with each common number of points, or size of a table.
func (a Algorithm) sizes(s Settings) (all []Settings) {
	if a.points > 0 {
		for _, points := range commonPoints {
			if points != a.points {
				s.Points = points
				all = append(all, s)
			}
		}
	}
	if a.Name == "table" {
		for _, bits := range commonTableBits {
			s.TableBits = bits
			all = append(all, s)
		}
	}
	return all
}

// CommandLine returns the flags that select the settings.
func (s Settings) CommandLine() string {
	words := []string{"-a", s.Algorithm}
	for _, flag := range []struct {
		name, value string
		given       bool
	}{
		{"-H", s.Hash, s.Hash != ""},
		{"--key-hash", s.KeyHash, s.KeyHash != ""},
		{"--hash-by", s.HashBy, s.HashBy != ""},
		{"--hash-tag", s.HashTag, s.HashTag != ""},
		{"--points", strconv.Itoa(s.Points), s.Points != 0},
		{"--unit", fmt.Sprint(s.Unit), s.Unit != 0},
		{"--table-bits", strconv.Itoa(s.TableBits), s.TableBits != 0},
		{"--partitions", strconv.Itoa(s.Partitions), s.Partitions != 0},
		{"--bound", fmt.Sprint(s.Bound), s.Bound != 0},
		{"--layout-file", s.LayoutFile, s.LayoutFile != ""},
		{"--slots", s.Slots, s.Slots != ""},
	} {
		if flag.given {
			words = append(words, flag.name, flag.value)
		}
	}
	return strings.Join(words, " ")
}

// Lookup returns the function that finds the owner of a key under the settings, as
// an index into nodes. It suits few keys: for a table it does not compute the
// owners of all slots.
func (s Settings) Lookup(nodes []mapper.Node, std *term.Streams) (func(key string) (int, bool), error) {
	var o Flags
	if err := o.Apply(s, std); err != nil {
		return nil, err
	}
	if s.Algorithm != "table" {
		p, err := o.Build(nodes)
		if err != nil {
			return nil, err
		}
		return p.Select, nil
	}
	set, err := newSet(&o, nodes, nil) // its keys are numbers of slots
	if err != nil {
		return nil, err
	}
	hash, shift := o.Method.Func(o.environment.Options), 64-o.tableBits.value
	if whole, cut := hash, o.cut(); cut != nil {
		hash = func(key string) uint64 { return whole(cut(key)) }
	}
	return func(key string) (int, bool) {
		return set.Select(strconv.FormatUint(prf.Finalize(hash(key))>>shift, 10))
	}, nil
}

// Prepared is an algorithm with its file read.
type Prepared struct {
	Settings
	flags *Flags
}

// WithFiles returns the algorithms that need a file: custom with a layout, by each
// part of a node that may be hashed, and redis-cluster with slots. An empty name is
// no file.
func WithFiles(layout, slots string, std *term.Streams) (all []Prepared, err error) {
	if layout != "" {
		for _, by := range named("custom").hashedParts() {
			all = append(all, Prepared{Settings: Settings{Algorithm: "custom", LayoutFile: layout, HashBy: by}})
		}
	}
	if slots != "" {
		all = append(all, Prepared{Settings: Settings{Algorithm: "redis-cluster", Slots: slots}})
	}
	for i := range all {
		all[i].flags = new(Flags)
		if err := all[i].flags.Apply(all[i].Settings, std); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Lookup returns the function that finds the owner of a key, as an index into nodes.
func (p *Prepared) Lookup(nodes []mapper.Node) (func(key string) (int, bool), error) {
	placed, err := p.flags.Build(nodes)
	if err != nil {
		return nil, err
	}
	return placed.Select, nil
}

// ReadOnce reads the environment once, with its warnings and errors, and returns
// streams from which [Settings.Lookup] takes the same settings in silence.
func ReadOnce(std *term.Streams) (*term.Streams, error) {
	env, err := readEnvironment(std)
	if err != nil {
		return nil, err
	}
	return &term.Streams{Err: io.Discard, Getenv: func(name string) string {
		switch {
		case name == envSipHashFile, name == envSipHash && env.Key == nil:
			return ""
		case name == envSipHash:
			return hex.EncodeToString(env.Key[:])
		default:
			return std.Getenv(name)
		}
	}}, nil
}
