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

// diffOptions say between which nodes to compare, on which keys, what may move
// and where to write what does.
type diffOptions struct {
	std       *term.Streams
	sides     sidesOptions
	placement place.Flags
	keys      answer.Keys
	gates     moveGates
	format    term.Format[*diffView]
	movesOut  string
}

func NewDiff(std *term.Streams) *cobra.Command {
	o := &diffOptions{std: std}
	c := &cobra.Command{
		Use:   "diff [flags]",
		Short: "Show what a change of the nodes moves, and fail if it is too much",
		Long: `Show which keys change their owner when the nodes change: how many, against how
many had to, and from where to where.

Each side is a file (--before, --after) or what -n, -f or -b say. The side that
is not named is the other one with --add, --remove and --reweight applied.

moved is the keys with another owner. ideal is the least that any algorithm
would have had to move to get from the load before to the load after: the sum of
what nodes gained. excess is moved less ideal. survivors are keys that moved
between two nodes that are on both sides with one weight: nothing happened to
either, so each is one too many. Of a sample, moved has an error: the interval
shown holds the truth 19 times of 20.`,
		Example: `  # What moves if c joins?
  proxenos diff --before nodes.txt --add c=10.0.0.3:80

  # In CI: the new list moves no more than it must
  proxenos diff --before old.txt --after new.txt --max-moved 12% --no-survivor-moves

  # What does Consul say now, and which of my keys have to be copied where?
  proxenos diff --before old.txt -b consul -s web --keys keys.txt --moves-out moves.tsv`,
		Args: term.Args(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.parse(c); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	o.sides.bind(c)
	o.keys.Bind(c)
	o.gates.bind(c)
	o.format.Bind(c, "text or json", term.TextOrJSON(writeDiffText)...)
	term.AddGroup(c, "Output", func(fs *pflag.FlagSet) {
		fs.StringVar(&o.movesOut, "moves-out", "", "a `file` for the keys that move, with their nodes: .csv, .jsonl or tabs; - instead of figures")
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
	if o.keys.File == "-" && o.sides.readStandardInput() > 0 {
		return term.Hint(term.Usagef("both the keys and the nodes are to come from standard input"), "put the nodes in a file")
	}
	return nil
}

func (o *diffOptions) run(ctx context.Context) error {
	before, after, err := o.sides.place(ctx, o.std, &o.placement)
	if err != nil {
		return err
	}
	m, err := o.measure(ctx, before, after)
	if err != nil {
		return err
	}
	if o.movesOut != "-" {
		escaped := o.format.Is("text") || term.IsTerminal(o.std.Out)
		if err := o.format.Write(o.std.Out, newDiffView(before, after, m, o.keys.Sampled(), escaped)); err != nil {
			return err
		}
	}
	var v gateResult
	o.gates.judge(&v, m)
	return v.result()
}

func (o *diffOptions) measure(ctx context.Context, before, after *place.Placement) (m *compare.Movement, err error) {
	var list *moves
	if o.movesOut != "" {
		if list, err = openMoves(o.movesOut, o.std, before.Nodes, after.Nodes); err != nil {
			return nil, err
		}
	}
	m, err = measureChange(ctx, o.std, before, after, &o.keys, list)
	return m, list.close(err)
}

// moveGates are limits of what may move.
type moveGates struct {
	moved, excess term.Fraction
	noSurvivors   bool
}

func (g *moveGates) bind(c *cobra.Command) {
	term.AddGroup(c, "Gates (exit code 1 if not so)", func(fs *pflag.FlagSet) {
		fs.Var(&g.moved, "max-moved", "the most that may move, such as 12%")
		fs.Var(&g.excess, "max-excess", "the most that may move beyond the ideal, such as 0%")
		fs.BoolVar(&g.noSurvivors, "no-survivor-moves", false, "nothing may move between nodes that stay as they are")
	})
}

// any reports whether there is a limit.
func (g *moveGates) any() bool { return g.moved.Given || g.excess.Given || g.noSurvivors }

// judge fails for every limit that is exceeded.
func (g *moveGates) judge(v *gateResult, m *compare.Movement) {
	if g.any() {
		v.someKeys(m.Keys)
	}
	if moved := m.Fraction(m.Moved); g.moved.Given && moved > g.moved.Value {
		v.failf("%s of the keys move (%d of %d), and at most %s may", term.Percent(moved), m.Moved, m.Keys, term.Percent(g.moved.Value))
	}
	if excess := m.Fraction(m.Excess); g.excess.Given && excess > g.excess.Value {
		v.failf("%s of the keys move beyond the ideal (%d of %d), and at most %s may", term.Percent(excess), m.Excess, m.Keys, term.Percent(g.excess.Value))
	}
	if g.noSurvivors && m.Survivors > 0 {
		v.failf("%d of %d keys move between nodes that stay as they are", m.Survivors, m.Keys)
	}
}
