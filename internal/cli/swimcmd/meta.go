package swimcmd

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/proxenos/proxenos/internal/cli/member"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/nodelist"
	"github.com/proxenos/proxenos/mapper/swim"
)

// metadata returns the metadata of --meta-file and --meta.
func (o *runOptions) metadata(ctx context.Context) (map[string][]byte, error) {
	metadata := map[string][]byte{}
	if o.metaFile != "" {
		raw, err := member.ReadFile(ctx, o.metaFile, member.MaxMetaFile)
		if err != nil {
			return nil, term.Hint(err, "--meta-file names this file")
		}
		err = addLines(metadata, string(raw))
		if err == nil {
			err = cmp.Or(checkTwice(strings.Split(string(raw), "\n")), checkMetadata(metadata))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.metaFile, err)
		}
	}
	flags := map[string][]byte{}
	for _, pair := range o.meta {
		if err := addPair(flags, pair); err != nil {
			return nil, term.AsUsage(fmt.Errorf("--meta: %w", err))
		}
	}
	if err := cmp.Or(checkTwice(o.meta), checkMetadata(flags)); err != nil {
		return nil, term.AsUsage(fmt.Errorf("--meta: %w", err))
	}
	maps.Copy(metadata, flags)
	return metadata, nil
}

// addLines adds the pairs of a metadata file, one a line. It skips empty lines
// and those that start with #.
func addLines(metadata map[string][]byte, text string) error {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if err := addPair(metadata, line); err != nil {
			return err
		}
	}
	return nil
}

// shownPair is how much of a pair an error shows.
const shownPair = 60

func addPair(metadata map[string][]byte, pair string) error {
	key, value, ok := strings.Cut(pair, "=")
	if !ok || key == "" {
		return fmt.Errorf("%q is not key=value", pair[:min(len(pair), shownPair)])
	}
	metadata[key] = []byte(value)
	return nil
}

// checkTwice rejects a key that two of the pairs have: one would replace the other.
func checkTwice(pairs []string) error {
	seen := map[string]bool{}
	for _, pair := range pairs {
		key, _, ok := strings.Cut(pair, "=")
		if !ok || key[:min(len(key), 1)] == "#" {
			continue
		}
		if seen[key] {
			return fmt.Errorf("%q is given twice", key[:min(len(key), shownPair)])
		}
		seen[key] = true
	}
	return nil
}

// checkMetadata rejects values that members would ignore: a member whose weight
// is ignored gets the share of weight 1.
func checkMetadata(metadata map[string][]byte) error {
	n := swim.Member{Name: "member", Metadata: metadata}.Node()
	if weight, given := metadata[swim.KeyWeight]; given && n.Weight == 0 {
		err := fmt.Errorf("weight %s: must be a number above 0", nodelist.Quote(string(weight)))
		return term.Hint(err, "drain=true takes all keys from a member")
	}
	if drain, given := metadata[swim.KeyDrain]; given {
		if _, err := strconv.ParseBool(string(drain)); err != nil {
			return fmt.Errorf("drain %s: must be true or false", nodelist.Quote(string(drain)))
		}
	}
	n.Meta = nil // which may hold anything
	return nodelist.Check(nodelist.Node(n))
}
