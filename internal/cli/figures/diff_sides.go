package figures

import (
	"context"
	"errors"
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

// sidesOptions select the nodes before and after a change.
type sidesOptions struct {
	before, after string // files; "" is the source, or the other side with the edits
	settings      place.BeforeFlags
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
	o.settings.Bind(c)
}

// parse validates the flags: both sides must be known.
func (o *sidesOptions) parse(c *cobra.Command) error {
	if err := o.source.Parse(c); err != nil {
		return err
	}
	if err := o.settings.Parse(c); err != nil {
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
		return term.Hint(term.Usagef("--before and --after are both sides; -n, -f or -b would be a third"), "omit one of them")
	case o.before == "" && !o.sourceGiven:
		return term.Hint(term.Usagef("no nodes before the change"), "give --before FILE, or -n, -f or -b")
	case named == 1 && o.edits.none() && !o.settings.Given():
		return term.Hint(term.Usagef("no nodes after the change"), "give --after FILE, or --add, --remove, --reweight or --before-algorithm")
	case o.readStandardInput() > 1:
		return term.Hint(term.Usagef("standard input cannot hold both sides"), "put one of them in a file")
	}
	return nil
}

// readStandardInput returns the number of sides on standard input.
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

// file returns the source for a side in a file. The filters apply to it too.
func (o *sidesOptions) file(path string) source.Flags {
	return o.source.OfFile(path)
}

// place finds the nodes of both sides and builds their placements.
func (o *sidesOptions) place(ctx context.Context, std *term.Streams, s *place.Flags) (before, after *place.Placement, err error) {
	from, to := o.source, o.source
	if o.before != "" {
		from = o.file(o.before)
	}
	if o.after != "" {
		to = o.file(o.after)
	}
	first, err := o.settings.Of(s, std)
	if err != nil {
		return nil, nil, err
	}
	if before, err = from.Place(ctx, std, first); err != nil {
		return nil, nil, err
	}
	nodes, partial := before.Nodes, before.Partial
	if o.after != "" || o.before != "" && o.sourceGiven {
		f, err := to.Ask(ctx, std)
		if err != nil {
			return nil, nil, err
		}
		nodes, partial = f.Nodes, f.Partial
	}
	if nodes, err = o.edits.apply(nodes); err != nil {
		return nil, nil, err
	}
	if err := to.RequireNodes(nodes, len(nodes)); err != nil {
		return nil, nil, err
	}
	if after, err = s.Build(nodes); err != nil {
		return nil, nil, err
	}
	after.Partial = partial
	return before, after, nil
}

// edits change a list of nodes.
type edits struct {
	add, remove, reweight []string
}

func (e *edits) declare(fs *pflag.FlagSet) {
	fs.StringArrayVar(&e.add, "add", nil, "add a `node`: ID[=ADDR][,w=2][,zone=a]; may be repeated")
	fs.StringArrayVar(&e.remove, "remove", nil, "remove the node with this `ID`; may be repeated")
	fs.StringArrayVar(&e.reweight, "reweight", nil, "change the weight of a node: `ID=W`; 0 drains it; may be repeated")
}

func (e *edits) none() bool { return len(e.add)+len(e.remove)+len(e.reweight) == 0 }

// apply returns a copy of nodes with the edits applied: removals, then weights,
// then additions.
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
			return nil, term.Hint(term.Usagef("--add %q: node %q already exists", typed, n.ID()), "--reweight changes its weight")
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

// reweigh applies ID=W. The ID may contain "=".
func reweigh(nodes []mapper.Node, typed string) error {
	at := strings.LastIndexByte(typed, '=')
	if at < 0 || strings.ContainsAny(typed[at:], `,"`) {
		return term.Hint(term.Usagef("--reweight %q: must be ID=WEIGHT", typed), "as in --reweight web-1=2")
	}
	i, err := nodeNamed(nodes, "--reweight", typed[:at])
	if err != nil {
		return err
	}
	if at == len(typed)-1 {
		return term.Hint(term.Usagef("--reweight %q: no weight", typed), "as in --reweight web-1=2")
	}
	n, err := static.ParseNode("x,w=" + typed[at+1:])
	if of := (*static.Error)(nil); errors.As(err, &of) {
		err = of.Err // without the name of the made-up node
	}
	if err != nil {
		return term.AsUsage(fmt.Errorf("--reweight %q: %w", typed, err))
	}
	nodes[i].Weight, nodes[i].Drain = n.Weight, n.Drain
	return nil
}

// manyNames limits the names that are searched for a suggestion.
const manyNames = 1000

// nodeNamed returns the index of the node with an ID, or a usage error.
func nodeNamed(nodes []mapper.Node, flag, id string) (int, error) {
	i := slices.IndexFunc(nodes, func(n mapper.Node) bool { return n.ID() == id })
	if i >= 0 {
		return i, nil
	}
	err := term.Usagef("%s %q: no node has that ID", flag, id)
	var names []string
	for _, n := range nodes[:min(manyNames, len(nodes))] {
		names = append(names, n.ID())
	}
	if near := term.Nearest(id, names); near != "" {
		return -1, term.Hint(err, "did you mean %q?", near)
	}
	return -1, term.Hint(err, "proxenos nodes lists them")
}
