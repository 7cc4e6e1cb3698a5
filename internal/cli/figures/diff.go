package figures

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
)

// diffOptions are the options of diff.
type diffOptions struct {
	std       *term.Streams
	sides     sidesOptions
	placement place.Flags
	keys      answer.Keys
	gates     moveGates
	format    term.Format[*diffView]
	merge     mergeFlag
	movesOut  string
	counter   Counter // nil counts in this process
}

// NewDiff returns the command diff.
func NewDiff(std *term.Streams) *cobra.Command { return newDiff(std, nil) }

func newDiff(std *term.Streams, counter Counter) *cobra.Command {
	o := &diffOptions{std: std, counter: counter}
	c := &cobra.Command{
		Use:   "diff [flags] | diff --merge PART.json ...",
		Short: "Show which keys move when the nodes change, and check limits",
		Long: `Show which keys get another owner when the nodes change: how many move, how many
had to move, and between which nodes.

A side is a file (--before, --after) or the source of -n, -f or -b. A side that
is not given is the other one with --add, --remove and --reweight applied.

moved counts the keys with another owner. ideal is the least number that any
algorithm has to move to get from the load before to the load after: the sum of
the gains of all nodes. excess is moved minus ideal. survivors are keys that moved
between two nodes that are on both sides with the same weight; none of them had
to move. In a sample, moved has an error: the interval shown contains the true
value in 19 of 20 cases.

--moves-out is data: names in it are escaped for lines and terminals, but not for
the logs of CI systems, which may take a name as a command. Figures are escaped.

--merge adds up the results of several machines; see proxenos help merge.`,
		Example: `  # Which keys move if c joins?
  proxenos diff --before nodes.txt --add c=10.0.0.3:80

  # In CI: fail if the new list moves over 12% of the keys
  proxenos diff --before old.txt --after new.txt --max-moved 12%

  # What does leaving ketama cost?
  proxenos diff -f nodes.txt --before-algorithm ketama

  # Which of my keys move to which node, with the nodes that Consul lists now?
  proxenos diff --before old.txt -b consul -s web --keys keys.txt --moves-out -`,
		Args: o.merge.args,
		RunE: func(c *cobra.Command, args []string) error {
			if o.merge.given {
				return o.runMerge(args)
			}
			if err := o.parse(c); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	o.sides.bind(c)
	o.merge.bind(c)
	o.keys.Bind(c)
	o.keys.BindWeights(c)
	o.gates.bind(c)
	o.format.Bind(c, "text or json", term.TextOrJSON(writeDiffText)...)
	term.AddGroup(c, "Output", func(fs *pflag.FlagSet) {
		fs.StringVar(&o.movesOut, "moves-out", "", "a `file` for the keys that move, with their nodes: .csv, .jsonl or tabs; - prints them instead of figures")
	})
	o.placement.Bind(c, place.Algorithms)
	o.sides.source.Bind(c)
	return c
}

func (o *diffOptions) parse(c *cobra.Command) error {
	if err := o.keys.Parse(c); err != nil {
		return err
	}
	if err := o.placement.Parse(c, o.std); err != nil {
		return err
	}
	if err := o.sides.parse(c); err != nil {
		return err
	}
	if o.gates.any() {
		o.sides.source.Gate()
	}
	if o.keys.File == "-" && o.sides.readStandardInput() > 0 {
		return term.Hint(term.Usagef("standard input cannot hold both the keys and the nodes"), "put the nodes in a file")
	}
	return nil
}

func (o *diffOptions) run(ctx context.Context) error {
	before, after, err := o.sides.place(ctx, o.std, &o.placement)
	if err != nil {
		return err
	}
	m, written, err := o.measure(ctx, before, after)
	if err != nil {
		return err
	}
	if o.movesOut != "-" {
		escaped := o.format.Is("text") || term.IsTerminal(o.std.Out)
		view := newDiffView(newDiffHead(before, after, m, &o.keys), m, o.keys.Range(), before.Partial || after.Partial, escaped)
		written = term.FirstFailure(written, o.format.Write(o.std.Out, view))
	}
	var v gateResult
	o.gates.check(&v, m)
	return o.std.Verdict(v.result(), written)
}

// runMerge adds up the results of diff -o json.
func (o *diffOptions) runMerge(paths []string) error {
	parts, err := readParts[diffView](o.std, paths, func(v *diffView) string { return v.Schema }, diffSchema)
	if err != nil {
		return err
	}
	head, partial := parts[0].view.head(), false
	var movements []*compare.Movement
	var ranges []compare.SampleRange
	for _, p := range parts {
		if p.view.head() != head {
			return p.differs()
		}
		movements, ranges, partial = append(movements, p.view.movement()), append(ranges, p.view.Sample...), partial || p.view.Partial
	}
	m, err := compare.MergeMovements(movements...)
	if err != nil {
		return err
	}
	sample, err := mergeSamples(ranges)
	if err != nil {
		return err
	}
	if partial && o.gates.any() {
		return errPartialPart()
	}
	escaped := o.format.Is("text") || term.IsTerminal(o.std.Out)
	written := o.format.Write(o.std.Out, newDiffView(head, m, sample, partial, escaped))
	var v gateResult
	o.gates.check(&v, m)
	return o.std.Verdict(v.result(), written)
}

// measure measures the movement. The error of writing the list of moves is written
// if the movement is known nonetheless.
func (o *diffOptions) measure(ctx context.Context, before, after *place.Placement) (m *compare.Movement, written, err error) {
	if o.counter != nil {
		m, err = o.countElsewhere(ctx, before, after)
		return m, nil, err
	}
	var list *moves
	if o.movesOut != "" {
		if list, err = openMoves(o.movesOut, o.std, before.Nodes, after.Nodes, o.gates.any()); err != nil {
			return nil, nil, err
		}
	}
	m, err = measureChange(ctx, o.std, before, after, &o.keys, list)
	return m, list.close(), err
}

// moveGates are the limits of movement.
type moveGates struct {
	moved, excess term.Fraction
	copied        term.Fraction // of the replicas; check only
	noSurvivors   bool
}

func (g *moveGates) bind(c *cobra.Command) {
	term.AddGroup(c, gatesGroup, func(fs *pflag.FlagSet) {
		fs.Var(&g.moved, "max-moved", "limit of moved, such as 12%")
		fs.Var(&g.excess, "max-excess", "limit of excess, such as 0%")
		fs.BoolVar(&g.noSurvivors, "no-survivor-moves", false, "no key may move between nodes that do not change")
	})
}

// any reports whether a limit is set.
func (g *moveGates) any() bool {
	return g.moved.Given || g.excess.Given || g.copied.Given || g.noSurvivors
}

// check fails for every limit that is exceeded.
func (g *moveGates) check(v *gateResult, m *compare.Movement) {
	if g.any() {
		v.someKeys(m.Keys)
	}
	if moved := m.Fraction(m.Moved); g.moved.Given && moved > g.moved.Value {
		v.failf("%s of the keys move (%d of %d); the limit is %s", term.Percent(moved), m.Moved, m.Keys, term.Percent(g.moved.Value))
	}
	if excess := m.Fraction(m.Excess); g.excess.Given && excess > g.excess.Value {
		v.failf("%s of the keys move beyond the ideal (%d of %d); the limit is %s", term.Percent(excess), m.Excess, m.Keys, term.Percent(g.excess.Value))
	}
	if g.copied.Given && m.Replicas > 0 {
		if copied := float64(m.Copied) / float64(m.Replicas); copied > g.copied.Value {
			v.failf("%s of the replicas must be copied (%d of %d); the limit is %s", term.Percent(copied), m.Copied, m.Replicas, term.Percent(g.copied.Value))
		}
	}
	if g.noSurvivors && m.Survivors > 0 {
		v.failf("keys move between nodes that do not change (%d of %d)", m.Survivors, m.Keys)
	}
}
