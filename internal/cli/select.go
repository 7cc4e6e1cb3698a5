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

// selectOptions are the options of select: keys, nodes, algorithm and output.
type selectOptions struct {
	std       *term.Streams
	source    source.Flags
	placement place.Flags
	output    answer.Output
	zones     place.ZoneFlags
	follow    followFlags
	broken    brokenKeys
	answer.Selection
}

func newSelect(std *term.Streams) *cobra.Command {
	o := &selectOptions{std: std}
	c := &cobra.Command{
		Use:   "select [flags] KEY... | -",
		Short: "Print the node that owns a key",
		Long: `Print the node that owns a key.

For one KEY, print the address of its node, or the ID of a node without an
address; with --count N, print N nodes, best first, one per line. For several
keys, or for - (keys on standard input, one per line), print a line for each
key: the key and its nodes, separated by tabs.

A line of standard input ends in a newline, or a carriage return and a newline.
Everything else belongs to the key, and an empty line is the empty key. A key
has at most 16 MiB. With -0, keys end in NUL and may contain any other byte. A
KEY that begins with - comes after --.

With -o template=, a Go template writes each key. It has the fields
` + answer.TemplateFields + `.

Text output escapes control characters in keys and names, as in \t, \n or \x1b.
For exact bytes use -o jsonl; there, key_base64 holds a key that is not UTF-8.
The output is not escaped for the logs of CI systems, in which a name may act as
a command. The tables of other commands are.

--follow keeps the nodes up to date while keys arrive, for a program that sends
keys through a pipe; see proxenos help coprocess.`,
		Example: `  # Which of three nodes owns user:42?
  proxenos select -n a -n b -n c user:42

  # Which instance registered in Consul owns github.com?
  proxenos select -b consul -h localhost -p 8500 github.com

  # Three replicas for every key of a file, as JSON lines
  proxenos select -f nodes.txt -k 3 -o jsonl - < keys.txt

  # Three replicas in three zones
  proxenos select -f nodes.txt -k 3 --zone-policy spread user:42

  # Two replicas in the nearest region and one elsewhere, in three zones
  proxenos select -f nodes.txt -k 3 --levels region,zone,rack \
    --nearest region=2 --max-per zone=1 user:42

  # Output in a form of your own
  proxenos select -n a -n b -k 2 -o 'template={{range .Nodes}}{{.ID}} {{end}}' x

  # During an outage of Consul, use nodes that are at most 5 minutes old
  proxenos select -s web --cache web.json --max-staleness 5m user:42

  # Answer another program through a pipe, from nodes that are up to date
  proxenos select --follow -s web --max-staleness 5m -

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
		fs.IntVarP(&o.Count, "count", "k", 1, "number of distinct nodes per key, best first")
		fs.BoolVarP(&o.Null, "null", "0", false, "keys on standard input end in NUL instead of a newline")
		fs.StringVar(&o.Expect, "expect", "", "exit with 1 unless the first node has this `ID-or-address`")
	})
	o.zones.Bind(c)
	o.follow.bind(c)
	o.output.Bind(c)
	o.placement.Bind(c, place.Algorithms)
	o.placement.BindRule(c)
	o.source.Bind(c)
	o.source.Outages.Bind(c)
	return c
}

// parse validates the flags and arguments.
func (o *selectOptions) parse(c *cobra.Command, args []string) error {
	o.Keys = args
	o.Stream = len(args) == 1 && args[0] == "-" && c.ArgsLenAtDash() != 0
	switch {
	case len(args) == 0:
		return term.Hint(term.Usagef("no KEY"), "give keys, or - for keys on standard input")
	case !o.Stream && slices.Contains(beforeDash(c, args), "-"):
		return term.Hint(term.Usagef("- reads all keys from standard input and cannot be combined with another KEY"), "the key - itself goes after --")
	case o.Stream && o.source.ReadsStandardInput():
		return term.Hint(term.Usagef("standard input cannot hold both the keys and the nodes"), "put the nodes in a file: -f FILE")
	case o.Null && !o.Stream:
		return term.Hint(term.Usagef("-0 applies to keys on standard input only"), "give - as the only KEY")
	case o.Count < 1:
		return term.Usagef("--count %d: must be at least 1", o.Count)
	}
	o.output.Many = o.Stream || len(args) > 1
	o.output.Count = o.Count
	o.output.Terminal = term.IsTerminal(o.std.Out)
	if err := o.follow.parse(c, o); err != nil {
		return err
	}
	if err := o.placement.Parse(c, o.std); err != nil {
		return err
	}
	if err := o.placement.ParseRule(o.Count); err != nil {
		return err
	}
	if o.placement.HasRule() && c.Flags().Changed("zone-policy") {
		return term.Hint(term.Usagef("--zone-policy and --max-per or --nearest are mutually exclusive"), "--max-per zone=1 is strict, and with --degrade spread")
	}
	if err := o.source.Parse(c); err != nil {
		return err
	}
	if o.Expect != "" {
		o.source.Gate()
	}
	return nil
}

// beforeDash returns the arguments before --, among which - means standard input.
func beforeDash(c *cobra.Command, args []string) []string {
	if n := c.ArgsLenAtDash(); n >= 0 {
		return args[:n]
	}
	return args
}

func (o *selectOptions) run(ctx context.Context) error {
	if o.follow.given {
		return o.runFollowing(ctx)
	}
	p, err := o.source.Place(ctx, o.std, &o.placement)
	if err != nil {
		return err
	}
	return o.answer(ctx, p)
}

// answer warns about the placement and writes the owners of all keys.
func (o *selectOptions) answer(ctx context.Context, p *place.Placement) error {
	o.warnShort(p)
	for _, w := range p.Warnings() {
		o.std.Warn("%s", w)
	}
	o.zones.Warn(p.Nodes, o.Count, o.std)
	o.Spread = o.spread(p)
	err := o.Answer(ctx, o.std, p, &o.output)
	o.broken.warn(o.std)
	return err
}

// warnShort warns if there are fewer nodes than --count.
func (o *selectOptions) warnShort(p *place.Placement) {
	if n := place.Eligible(p.Nodes); n < o.Count {
		o.std.Warn("--count %d exceeds the number of nodes (%d)", o.Count, n)
	}
}
