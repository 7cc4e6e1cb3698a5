package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// selectOptions say which keys, on which nodes, by which algorithm, and how to
// write the owners.
type selectOptions struct {
	std       *term.Streams
	source    source.Flags
	placement place.Flags
	output    answer.Output
	zones     place.ZoneFlags
	answer.Selection
}

func newSelect(std *term.Streams) *cobra.Command {
	o := &selectOptions{std: std}
	c := &cobra.Command{
		Use:   "select [flags] KEY... | -",
		Short: "Tell which node owns a key",
		Long: `Tell which node owns a key.

For one KEY the node's address is printed alone, or its ID if it has no
address; with --count N, N of them, best first, one a line. For several keys,
or for - (keys on standard input, one a line), every key has a line of its own:
the key, a tab, and its nodes with tabs between.

A line of standard input ends in a newline or in a carriage return and a
newline; nothing else is taken from the key, and an empty line is the empty
key. A key has at most 16 MiB. With -0 a key ends in NUL and may hold anything
else. A KEY that begins with - comes after --.

In text, a control character in a key or in a name is written as \t, \n or
\x1b. Where every byte counts use -o jsonl; a key that is not UTF-8 is given
in key_base64 there.`,
		Example: `  # Which of three nodes owns user:42?
  proxenos select -n a -n b -n c user:42

  # Which instance registered in Consul owns github.com?
  proxenos select -b consul -h localhost -p 8500 github.com

  # Three replicas for every key of a file, as JSON lines
  proxenos select -f nodes.txt -k 3 -o jsonl - < keys.txt

  # Three replicas in three zones
  proxenos select -f nodes.txt -k 3 --zone-policy spread user:42

  # Answer through an outage of Consul, by what was known up to 5 minutes ago
  proxenos select -s web --cache web.json --max-staleness 5m user:42

  # In CI: fail unless user:42 is still on b
  proxenos select -f nodes.txt --expect b user:42`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.parse(c, args); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	term.AddGroup(c, "Keys", func(fs *pflag.FlagSet) {
		fs.IntVarP(&o.Count, "count", "k", 1, "number of distinct nodes for a key, best first")
		fs.BoolVarP(&o.Null, "null", "0", false, "keys on standard input end in NUL, not in a newline")
		fs.StringVar(&o.Expect, "expect", "", "exit with 1 if the first node has another `ID-or-address`")
	})
	o.zones.Bind(c)
	o.output.Bind(c)
	o.placement.Bind(c, place.Algorithms)
	o.source.Bind(c)
	o.source.Outages.Bind(c)
	return c
}

// parse checks what the flags do not check by themselves.
func (o *selectOptions) parse(c *cobra.Command, args []string) error {
	o.Keys = args
	o.Stream = len(args) == 1 && args[0] == "-" && c.ArgsLenAtDash() != 0
	switch {
	case len(args) == 0:
		return term.Hint(term.Usagef("no KEY given"), "give keys, or - for keys on standard input")
	case !o.Stream && slices.Contains(beforeDash(c, args), "-"):
		return term.Hint(term.Usagef("- reads all keys from standard input and takes no other KEY beside it"), "the key - itself comes after --")
	case o.Stream && o.source.ReadsStandardInput():
		return term.Hint(term.Usagef("both the keys and the nodes are to come from standard input"), "put the nodes in a file: -f FILE")
	case o.Null && !o.Stream:
		return term.Hint(term.Usagef("-0 is about keys on standard input"), "give - as the only KEY")
	case o.Count < 1:
		return term.Usagef("--count %d: at least one node must be asked for", o.Count)
	}
	o.output.Many = o.Stream || len(args) > 1
	o.output.Count = o.Count
	o.output.Terminal = term.IsTerminal(o.std.Out)
	if err := o.placement.Parse(c, o.std); err != nil {
		return err
	}
	return o.source.Parse(c)
}

// beforeDash returns the arguments before --, in which - is not a key.
func beforeDash(c *cobra.Command, args []string) []string {
	if n := c.ArgsLenAtDash(); n >= 0 {
		return args[:n]
	}
	return args
}

func (o *selectOptions) run(ctx context.Context) error {
	p, err := o.source.Place(ctx, o.std, &o.placement)
	if err != nil {
		return err
	}
	o.warnShort(p)
	o.zones.Warn(p.Nodes, o.Count, o.std)
	o.Spread = o.zones.Spread(p)
	return o.Answer(ctx, o.std, p, &o.output)
}

// warnShort tells that there are fewer nodes than were asked for.
func (o *selectOptions) warnShort(p *place.Placement) {
	if able := place.Eligible(p.Nodes); able < o.Count {
		o.std.Warn("--count %d asks for more nodes than the %d there are", o.Count, able)
	}
}
