package figures

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
)

// mergeFlag is --merge: the arguments are results to add up, instead of nodes and
// keys to measure.
type mergeFlag struct{ given bool }

const mergeGroup = "Parts"

func (m *mergeFlag) bind(c *cobra.Command) {
	term.AddGroup(c, mergeGroup, func(fs *pflag.FlagSet) {
		fs.BoolVar(&m.given, "merge", false, "add up the results of -o json in the files that are arguments; - is standard input")
	})
}

// args accepts files with --merge only, and then no flag that selects nodes or keys.
func (m *mergeFlag) args(c *cobra.Command, args []string) error {
	if !m.given {
		return noFiles(c, args)
	}
	if len(args) == 0 {
		return term.Hint(term.Usagef("--merge: no results to add up"), "name files with results of -o json, or - for standard input")
	}
	if flag := flagBeside(c, mergeGroup, gatesGroup, "Output"); flag != "" {
		return term.Hint(term.Usagef("--%s does not apply to --merge", flag), "the parts have the nodes and the keys; give limits and -o only")
	}
	if c.Flags().Changed("moves-out") {
		return term.Hint(term.Usagef("--moves-out does not apply to --merge"), "concatenate the lists of the parts")
	}
	return nil
}

// noFiles rejects arguments, which newcomers take for lists of nodes.
func noFiles(c *cobra.Command, args []string) error {
	err := term.Args()(c, args)
	if err == nil {
		return nil
	}
	if c.Flags().Lookup("before") != nil {
		return term.Hint(err, "--before FILE and --after FILE name lists of nodes")
	}
	return term.Hint(err, "-f FILE names a list of nodes")
}

// gatesGroup is the title of the flags that set limits.
const gatesGroup = "Gates (exit code 1 on failure)"

// flagBeside returns a flag on the command line that is in none of the groups, or "".
func flagBeside(c *cobra.Command, groups ...string) (flag string) {
	c.Flags().Visit(func(f *pflag.Flag) {
		if title := f.Annotations[term.GroupKey]; len(title) == 1 && !slices.Contains(groups, title[0]) {
			flag = f.Name
		}
	})
	return flag
}

// part is a result to add up.
type part[T any] struct {
	name string
	view *T
}

// differs returns the error for a part that is about something else.
func (p part[T]) differs() error {
	return term.Hint(fmt.Errorf("%s: not the same nodes, algorithm or kind of keys as in the first part", p.name), "every part takes the same flags, except those for the keys")
}

// readParts reads results. A file may hold several, one after the other.
func readParts[T any](std *term.Streams, paths []string, schemaOf func(*T) string, schema string) (parts []part[T], err error) {
	for _, path := range paths {
		in, name := io.NopCloser(std.In), "standard input"
		if path != "-" {
			f, err := os.Open(path)
			if err != nil {
				return nil, term.Hint(err, "--merge takes files with results of -o json")
			}
			in, name = f, term.Escape(path)
		}
		views, err := decodeAll[T](in)
		in.Close() //nolint:errcheck // it was only read
		if err == nil && len(views) == 0 {
			err = errors.New("no result")
		}
		if err != nil {
			return nil, term.Hint(fmt.Errorf("%s: %w", name, err), "--merge takes files with results of -o json")
		}
		for _, v := range views {
			if schemaOf(v) != schema {
				return nil, term.Hint(fmt.Errorf("%s: the schema is %q, not %q", name, schemaOf(v), schema), "it must be a result of this command with -o json")
			}
			parts = append(parts, part[T]{name, v})
		}
	}
	return parts, nil
}

func decodeAll[T any](in io.Reader) (views []*T, err error) {
	dec := json.NewDecoder(in)
	for {
		v := new(T)
		if err := dec.Decode(v); errors.Is(err, io.EOF) {
			return views, nil
		} else if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
}

// mergeSamples rejects parts that measured the same keys of the sample.
func mergeSamples(ranges []compare.SampleRange) ([]compare.SampleRange, error) {
	merged, ok := compare.MergeRanges(ranges)
	if !ok {
		return nil, term.Hint(errors.New("two parts have the same keys of the sample"), "--sample-first gives each part keys of its own")
	}
	return merged, nil
}
