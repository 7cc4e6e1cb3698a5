package place

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// BeforeFlags are the flags that select another algorithm, hash or key for the
// side before a change.
type BeforeFlags struct {
	settings Settings
	keyFile  string
}

// Bind declares the flags on a command.
func (b *BeforeFlags) Bind(c *cobra.Command) {
	term.AddGroup(c, "Algorithm before the change (by default that of the change)", func(fs *pflag.FlagSet) {
		fs.StringVar(&b.settings.Algorithm, "before-algorithm", "", "the algorithm; the other flags of this group then have its defaults")
		fs.StringVar(&b.settings.Hash, "before-hash", "", "the hash of keys")
		fs.StringVar(&b.settings.KeyHash, "before-key-hash", "", "the hash of keys of another program")
		fs.StringVar(&b.settings.HashBy, "before-hash-by", "", "what of a node is hashed: id, address or position")
		fs.StringVar(&b.settings.HashTag, "before-hash-tag", "", "two `characters` around the part of a key that is hashed, or none")
		declareFiles(fs, "before-", []string{"custom", "redis-cluster"}, &b.settings.LayoutFile, &b.settings.Slots)
		fs.IntVar(&b.settings.Points, "before-points", 0, "points of a ring")
		fs.Float64Var(&b.settings.Unit, "before-unit", 0, "weight that gets --before-points points of ring")
		fs.IntVar(&b.settings.TableBits, "before-table-bits", 0, "log2 of the slots of a table")
		fs.IntVar(&b.settings.Partitions, "before-partitions", 0, "number of partitions")
		fs.Float64Var(&b.settings.Bound, "before-bound", 0, "limit of the partitions of a node relative to its share")
		fs.StringVar(&b.keyFile, "before-key-file", "", "a `file` with the SipHash key, such as the key before its rotation")
	})
	term.Complete(c, "before-algorithm", AlgorithmNames())
	term.Complete(c, "before-hash", HashNames())
	term.Complete(c, "before-hash-tag", []string{redisTag, noTag})
	term.CompleteFunc(c, "before-hash-by", func() []string { return named(b.settings.Algorithm).hashBy })
	term.CompleteFunc(c, "before-key-hash", func() []string { return named(b.settings.Algorithm).keyHashes })
}

// Parse validates the flags.
func (b *BeforeFlags) Parse(c *cobra.Command) error {
	for name, value := range map[string]float64{
		"before-points": float64(b.settings.Points), "before-unit": b.settings.Unit, "before-table-bits": float64(b.settings.TableBits),
		"before-partitions": float64(b.settings.Partitions), "before-bound": b.settings.Bound,
	} {
		if c.Flags().Changed(name) && !(value > 0) {
			return term.Usagef("--%s %v: must be above 0", name, value)
		}
	}
	return nil
}

// Given reports whether a flag is given.
func (b *BeforeFlags) Given() bool { return *b != BeforeFlags{} }

// Of returns the flags of the side before: those of after, with the flags given
// here in their place.
func (b *BeforeFlags) Of(after *Flags, std *term.Streams) (*Flags, error) {
	if !b.Given() {
		return after, nil
	}
	before := new(Flags)
	if err := before.Apply(b.settings.Or(after.settings()), std); err != nil {
		return nil, fmt.Errorf("before the change: %w", err)
	}
	if b.keyFile == "" {
		return before, nil
	}
	if before.algorithm.ownHash || before.Method != prf.SipHash {
		return nil, term.Hint(term.Usagef("--before-key-file does not apply to %s", before.hashName()), "it applies to rendezvous, table, partitions and ring with siphash")
	}
	var err error
	if before.Key, err = readSipHashKey(b.keyFile, std); err != nil {
		return nil, term.Hint(fmt.Errorf("--before-key-file %s: %w", b.keyFile, err), "a key has 32 hexadecimal digits or 16 bytes")
	}
	return before, nil
}

// settings returns the flags that are given.
func (o *Flags) settings() Settings {
	s := Settings{Algorithm: o.algorithm.Name, Hash: o.HashFlags.Name, KeyHash: o.keyHash, HashBy: o.hashBy, HashTag: o.hashTag, LayoutFile: o.layoutFile, Slots: o.slots}
	if o.points.given {
		s.Points = o.points.value
	}
	if o.unit.given {
		s.Unit = o.unit.value
	}
	if o.tableBits.given {
		s.TableBits = o.tableBits.value
	}
	if o.partitions.given {
		s.Partitions = o.partitions.value
	}
	if o.bound.given {
		s.Bound = o.bound.value
	}
	return s
}

// hashName returns the hash of keys, or the algorithm if it brings its own.
func (o *Flags) hashName() string {
	if o.algorithm.ownHash {
		return o.algorithm.Name
	}
	return o.Method.String()
}

// named returns the algorithm of that name, or the zero Algorithm.
func named(name string) Algorithm {
	if i := slices.IndexFunc(Algorithms, func(a Algorithm) bool { return a.Name == name }); i >= 0 {
		return Algorithms[i]
	}
	return Algorithm{}
}
