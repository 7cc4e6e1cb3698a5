package figures

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/mapper"
)

// identifyOptions are the options of identify.
type identifyOptions struct {
	std    *term.Streams
	source source.Flags
	format term.Format[*identification]
	limit  time.Duration // --search-time
	show   int           // --show
	layout string        // --layout-file
	slots  string        // --slots
	args   []string
}

// NewIdentify returns the command identify.
func NewIdentify(std *term.Streams) *cobra.Command {
	o := &identifyOptions{std: std}
	c := &cobra.Command{
		Use:   "identify [flags] KEY=NODE... | -",
		Short: "Find the algorithm that explains which nodes own some keys",
		Long: `Find the algorithm and the settings that explain which nodes own some keys, as
observed in a running system: from its logs, from its statistics, or from where
it keeps the keys.

NODE is the ID or the address of a node of the source. With - the observations
are on standard input, one per line: KEY=NODE, or KEY and NODE separated by a
tab. KEY=NODE is split at the last = that a node follows.

The search tries every algorithm, first with its defaults on the nodes as they
are listed; then with every hash, and with common numbers of points and slots;
and on the nodes as other programs see them: without weights, in another order,
by ID or by address, with or without ports. --layout-file and --slots add an
algorithm that needs a file. NODES says how the list must be
changed to agree; - means not at all. Placements of one GROUP have the same
owners for all keys of a sample. The search ends soon after the simplest placement
that explains all observations and can hardly do so by coincidence.

The key of siphash and the seed of murmur are those of the environment. If the
system has a secret key, set it; see proxenos help environment.

The exit code is 0 if a placement explains all observations, and 1 if none does.
The nearest ones are shown then: a single wrong key often means that the list of
nodes has changed, or that an observation is wrong.`,
		Example: `  # Which algorithm puts user:1 on a, and user:2 and user:3 on c?
  proxenos identify -f nodes.txt user:1=a user:2=c user:3=c

  # From a log of keys and addresses
  awk '{ print $7 "\t" $9 }' access.log | proxenos identify -f nodes.txt -`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.parse(c, args); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	term.AddGroup(c, "Search", func(fs *pflag.FlagSet) {
		fs.DurationVar(&o.limit, "search-time", 30*time.Second, "maximum time of the search")
		fs.IntVar(&o.show, "show", 10, "maximum number of placements to show")
		fs.StringVar(&o.layout, "layout-file", "", "also try the algorithm custom with the settings in this YAML `file`")
		fs.StringVar(&o.slots, "slots", "", "also try redis-cluster with these slots: a `file`, or redis://HOST:PORT")
	})
	o.format.Bind(c, "text or json", term.TextOrJSON(writeIdentificationText)...)
	o.source.Bind(c)
	return c
}

func (o *identifyOptions) parse(c *cobra.Command, args []string) error {
	o.args = args
	stream := len(args) == 1 && args[0] == "-"
	switch {
	case len(args) == 0:
		return term.Hint(term.Usagef("no KEY=NODE"), "give observations, or - for observations on standard input")
	case stream && o.source.ReadsStandardInput():
		return term.Hint(term.Usagef("standard input cannot hold both the observations and the nodes"), "put the nodes in a file: -f FILE")
	case o.limit <= 0:
		return term.Usagef("--search-time %v: must be above 0", o.limit)
	case o.show < 1:
		return term.Usagef("--show %d: must be at least 1", o.show)
	}
	if err := o.source.Parse(c); err != nil {
		return err
	}
	o.source.Gate()
	return nil
}

func (o *identifyOptions) run(ctx context.Context) error {
	quiet, err := place.ReadOnce(o.std)
	if err != nil {
		return err
	}
	filed, err := place.WithFiles(o.layout, o.slots, o.std)
	if err != nil {
		return err
	}
	found, err := o.source.Ask(ctx, o.std)
	if err != nil {
		return err
	}
	nodes := found.Nodes
	if err := o.source.RequireNodes(nodes, found.Reported); err != nil {
		return err
	}
	if place.Eligible(nodes) == 1 {
		err := fmt.Errorf("one node owns every key under every algorithm")
		return term.Hint(term.AsUsage(err), "give all nodes of the system")
	}
	seen, err := o.observe(nodes)
	if err != nil {
		return err
	}
	s := newSearch(nodes, filed, quiet)
	limited, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	fits := s.run(limited, seen)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	answer := s.identify(fits, seen, o.show)
	written := o.format.Write(o.std.Out, answer)
	return o.std.Verdict(answer.verdict(), written)
}

// observe returns the observations of the arguments or of standard input, each
// once.
func (o *identifyOptions) observe(nodes []mapper.Node) ([]compare.Observation, error) {
	p := newObservations(nodes)
	if len(o.args) == 1 && o.args[0] == "-" {
		if err := p.read(o.std.In); err != nil {
			return nil, err
		}
	} else {
		for _, text := range o.args {
			if err := p.add(text); err != nil {
				return nil, term.AsUsage(err)
			}
		}
	}
	if len(p.seen) == 0 {
		return nil, term.Hint(term.Usagef("standard input has no observations"), "give a line KEY=NODE for each")
	}
	return p.seen, nil
}
