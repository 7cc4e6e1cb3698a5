package cli

import (
	"context"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// selectOptions say which keys, on which nodes, by which algorithm, and how to
// write the owners.
type selectOptions struct {
	std    *streams
	source sourceOptions
	scheme schemeOptions
	output outputOptions
	keys   []string
	stream bool // keys come from standard input
	nul    bool // and end in NUL
	count  int
	expect string
	zones  zoneOptions
}

func newSelect(std *streams) *cobra.Command {
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
	addGroup(c, "Keys", func(fs *pflag.FlagSet) {
		fs.IntVarP(&o.count, "count", "k", 1, "number of distinct nodes for a key, best first")
		fs.BoolVarP(&o.nul, "null", "0", false, "keys on standard input end in NUL, not in a newline")
		fs.StringVar(&o.expect, "expect", "", "exit with 1 if the first node has another `ID-or-address`")
	})
	o.zones.bind(c)
	o.output.bind(c)
	o.scheme.bind(c, algorithms)
	o.source.bind(c)
	o.source.keep.bind(c)
	return c
}

// parse checks what the flags do not check by themselves.
func (o *selectOptions) parse(c *cobra.Command, args []string) error {
	o.keys = args
	o.stream = len(args) == 1 && args[0] == "-" && c.ArgsLenAtDash() != 0
	switch {
	case len(args) == 0:
		return withHint(usagef("no KEY given"), "give keys, or - for keys on standard input")
	case !o.stream && slices.Contains(beforeDash(c, args), "-"):
		return withHint(usagef("- reads all keys from standard input and takes no other KEY beside it"), "the key - itself comes after --")
	case o.stream && o.source.readsStandardInput():
		return withHint(usagef("both the keys and the nodes are to come from standard input"), "put the nodes in a file: -f FILE")
	case o.nul && !o.stream:
		return withHint(usagef("-0 is about keys on standard input"), "give - as the only KEY")
	case o.count < 1:
		return usagef("--count %d: at least one node must be asked for", o.count)
	}
	if err := o.zones.parse(); err != nil {
		return err
	}
	o.output.many = o.stream || len(args) > 1
	o.output.count = o.count
	o.output.terminal = isTerminal(o.std.Out)
	if err := o.scheme.parse(c, o.std); err != nil {
		return err
	}
	return o.source.parse(c)
}

// beforeDash returns the arguments before --, in which - is not a key.
func beforeDash(c *cobra.Command, args []string) []string {
	if n := c.ArgsLenAtDash(); n >= 0 {
		return args[:n]
	}
	return args
}

func (o *selectOptions) run(ctx context.Context) error {
	makeEncoding, err := o.output.maker()
	if err != nil {
		return err
	}
	p, err := o.source.place(ctx, o.std, &o.scheme)
	if err != nil {
		return err
	}
	o.warnShort(p)
	o.zones.warn(p.nodes, o.count, o.std)
	check := &expectation{want: o.expect, nodes: viewsOf(p.nodes, false)}
	if err := o.answer(ctx, p, makeEncoding(&o.output, p), check); err != nil {
		return err
	}
	return check.result()
}

// answer writes the owners of all keys.
func (o *selectOptions) answer(ctx context.Context, p *placement, e *encoding, check *expectation) error {
	newOwners := func() *owners {
		return &owners{scheme: p.scheme, count: o.count, spread: o.zones.spread(p), encoder: e.newEncoder(), separator: e.separator, check: check}
	}
	if !o.stream {
		return answerArguments(newOwners(), o.keys, e, o.std.Out)
	}
	b := batch{source: "standard input", delimiter: '\n', encoding: e, newWorker: func() worker { return newOwners().quick() }}
	if o.nul {
		b.delimiter = 0
	}
	return b.run(ctx, o.std.In, o.std.Out)
}

// answerArguments writes the owners of a few keys.
func answerArguments(w *owners, keys []string, e *encoding, out io.Writer) (err error) {
	var records []byte
	for _, key := range keys {
		if records, err = w.one(records, key); err != nil {
			return err
		}
	}
	framed := framer{out: out, encoding: e}
	if err := framed.write(records); err != nil {
		return err
	}
	return framed.close()
}

// warnShort tells that there are fewer nodes than were asked for.
func (o *selectOptions) warnShort(p *placement) {
	if able := able(p.nodes); able < o.count {
		o.std.warn("--count %d asks for more nodes than the %d there are", o.count, able)
	}
}
