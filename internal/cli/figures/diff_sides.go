package figures

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/static"
)

// sidesOptions say which nodes there are before a change and after it.
type sidesOptions struct {
	before, after string // files; "" is what source says or what edits make
	source        source.Flags
	edits         edits
	sourceGiven   bool
}

func (o *sidesOptions) bind(c *cobra.Command) {
	term.AddGroup(c, "Sides", func(fs *pflag.FlagSet) {
		fs.StringVar(&o.before, "before", "", "a `file` of the nodes before")
		fs.StringVar(&o.after, "after", "", "a `file` of the nodes after")
		o.edits.declare(fs)
	})
}

// parse decides what stands for the side that is not a file.
func (o *sidesOptions) parse(c *cobra.Command) error {
	if err := o.source.Parse(c); err != nil {
		return err
	}
	o.sourceGiven = source.Given(c)
	named := 0
	for _, given := range []bool{o.before != "", o.after != "", o.sourceGiven} {
		if given {
			named++
		}
	}
	switch {
	case named > 2:
		return term.Hint(term.Usagef("--before and --after are both sides, and -n, -f or -b name a third"), "leave one of them out")
	case o.before == "" && !o.sourceGiven:
		return term.Hint(term.Usagef("no nodes before the change"), "--before FILE names them, or -n, -f or -b")
	case named == 1 && o.edits.none():
		return term.Hint(term.Usagef("no nodes after the change"), "--after FILE names them, or --add, --remove and --reweight change those before")
	case o.readStandardInput() > 1:
		return term.Hint(term.Usagef("both sides are to come from standard input"), "put one of them in a file")
	}
	return nil
}

// readStandardInput returns how many sides come from standard input.
func (o *sidesOptions) readStandardInput() (count int) {
	for _, file := range []string{o.before, o.after} {
		if file == "-" {
			count++
		}
	}
	if o.source.ReadsStandardInput() {
		count++
	}
	return count
}

// file is the source of a side that is a file. The filters apply to it too.
func (o *sidesOptions) file(path string) source.Flags {
	return o.source.OfFile(path)
}

// place asks for the nodes of both sides and places keys on them.
func (o *sidesOptions) place(ctx context.Context, std *term.Streams, s *place.Flags) (before, after *place.Placement, err error) {
	from, to := o.source, o.source
	if o.before != "" {
		from = o.file(o.before)
	}
	if o.after != "" {
		to = o.file(o.after)
	}
	if before, err = from.Place(ctx, std, s); err != nil {
		return nil, nil, err
	}
	nodes := before.Nodes
	if o.after != "" || o.before != "" && o.sourceGiven {
		f, err := to.Ask(ctx, std)
		if err != nil {
			return nil, nil, err
		}
		nodes = f.Nodes
	}
	if nodes, err = o.edits.apply(nodes); err != nil {
		return nil, nil, err
	}
	if err := to.RequireNodes(nodes, len(nodes)); err != nil {
		return nil, nil, err
	}
	after, err = s.Build(nodes)
	return before, after, err
}

// edits change a list of nodes.
type edits struct {
	add, remove, reweight []string
}

func (e *edits) declare(fs *pflag.FlagSet) {
	fs.StringArrayVar(&e.add, "add", nil, "add a `node` to those after: ID[=ADDR][,w=2][,zone=a]; may be repeated")
	fs.StringArrayVar(&e.remove, "remove", nil, "remove the node with an `ID` from those after; may be repeated")
	fs.StringArrayVar(&e.reweight, "reweight", nil, "give a node after another weight: `ID=W`; 0 drains it; may be repeated")
}

func (e *edits) none() bool { return len(e.add)+len(e.remove)+len(e.reweight) == 0 }

// apply returns the nodes after the edits: removals, then weights, and at the
// end what is added. It leaves the given ones as they are.
func (e *edits) apply(nodes []mapper.Node) ([]mapper.Node, error) {
	nodes = slices.Clone(nodes)
	for _, id := range e.remove {
		i, err := nodeNamed(nodes, "--remove", id)
		if err != nil {
			return nil, err
		}
		nodes = slices.Delete(nodes, i, i+1)
	}
	for _, typed := range e.reweight {
		if err := reweigh(nodes, typed); err != nil {
			return nil, err
		}
	}
	for _, typed := range e.add {
		n, err := static.ParseNode(typed)
		if err != nil {
			return nil, term.Hint(term.AsUsage(err), "--add takes ID[=ADDR][,w=2][,zone=a]")
		}
		if slices.ContainsFunc(nodes, func(o mapper.Node) bool { return o.ID() == n.ID() }) {
			return nil, term.Hint(term.Usagef("--add %q: there is a node %q already", typed, n.ID()), "--reweight changes its weight")
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

// reweigh takes ID=W, of which the ID may hold "=".
func reweigh(nodes []mapper.Node, typed string) error {
	at := strings.LastIndexByte(typed, '=')
	if at < 0 || strings.ContainsAny(typed[at:], `,"`) {
		return term.Hint(term.Usagef("--reweight %q: want ID=WEIGHT", typed), "as in --reweight web-1=2")
	}
	i, err := nodeNamed(nodes, "--reweight", typed[:at])
	if err != nil {
		return err
	}
	n, err := static.ParseNode("x,w=" + typed[at+1:])
	if err != nil {
		return term.Hint(term.AsUsage(fmt.Errorf("--reweight %q: %w", typed, err)), "a weight is a number, 1 is usual and 0 drains the node")
	}
	nodes[i].Weight, nodes[i].Drain = n.Weight, n.Drain
	return nil
}

// manyNames is among how many names one that was meant is looked for.
const manyNames = 1000

// nodeNamed finds the node that an edit is about.
func nodeNamed(nodes []mapper.Node, flag, id string) (int, error) {
	i := slices.IndexFunc(nodes, func(n mapper.Node) bool { return n.ID() == id })
	if i >= 0 {
		return i, nil
	}
	err := term.Usagef("%s %q: none of %d nodes has that ID", flag, id, len(nodes))
	var names []string
	for _, n := range nodes[:min(manyNames, len(nodes))] {
		names = append(names, n.ID())
	}
	if near := term.Nearest(id, names); near != "" {
		return -1, term.Hint(err, "did you mean %q?", near)
	}
	return -1, term.Hint(err, "proxenos nodes lists them")
}
