package cli

import (
	"context"
	"encoding/csv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/static"
)

// nodesFormats are the values of --output of nodes.
var nodesFormats = []string{"text", "json", "csv"}

// nodesOptions say whose nodes to list, and how.
type nodesOptions struct {
	std    *term.Streams
	source source.Flags
	format string
	save   string
}

func newNodes(std *term.Streams) *cobra.Command {
	o := &nodesOptions{std: std}
	c := &cobra.Command{
		Use:   "nodes [flags]",
		Short: "List the nodes that a source reports",
		Long: `List the nodes that a source reports, after the filters. With -o json the list
can be given back by -f.`,
		Example: `  # What does Consul know about web?
  proxenos nodes -b consul -s web

  # Keep the list for later
  proxenos nodes -s web --save web.json
  proxenos select -f web.json user:42`,
		Args: term.Args(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.source.Parse(c); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	term.AddGroup(c, "Output", func(fs *pflag.FlagSet) {
		fs.StringVarP(&o.format, "output", "o", "text", "text, json or csv")
		fs.StringVar(&o.save, "save", "", "`file` to keep the list in too, for select --cache or -f")
	})
	term.Complete(c, "output", nodesFormats)
	o.source.Bind(c)
	o.source.Outages.BindMinNodes(c)
	return c
}

func (o *nodesOptions) run(ctx context.Context) error {
	write := map[string]func([]mapper.Node) error{"text": o.text, "json": o.json, "csv": o.csv}[o.format]
	if write == nil {
		return term.UnknownChoice("output format", o.format, nodesFormats)
	}
	f, err := o.source.Ask(ctx, o.std)
	if err != nil {
		return err
	}
	if len(f.Nodes) == 0 {
		return o.source.RequireNodes(f.Nodes, f.Reported)
	}
	if err := o.keep(f.Nodes); err != nil {
		return err
	}
	return term.WithCode(term.ErrIO, write(f.Nodes))
}

// keep saves the nodes, if a file for them is named.
func (o *nodesOptions) keep(nodes []mapper.Node) error {
	if o.save == "" {
		return nil
	}
	return term.WithCode(term.ErrIO, mapper.Snapshot{Saved: time.Now(), Nodes: nodes}.Write(o.save))
}

// text writes a table with a heading.
func (o *nodesOptions) text(nodes []mapper.Node) error {
	rows := [][]string{{"ID", "ADDRESS", "WEIGHT", "ZONE", "TAGS"}}
	for _, n := range nodes {
		rows = append(rows, nodeRow(n, true))
	}
	return term.WriteTable(o.std.Out, rows)
}

func (o *nodesOptions) csv(nodes []mapper.Node) error {
	w := csv.NewWriter(o.std.Out)
	rows := [][]string{{"id", "address", "weight", "zone", "tags"}}
	for _, n := range nodes {
		rows = append(rows, nodeRow(n, term.IsTerminal(o.std.Out)))
	}
	return w.WriteAll(rows)
}

// json writes what package static reads; what that would refuse in a list is
// listed all the same.
func (o *nodesOptions) json(nodes []mapper.Node) error {
	return term.WriteJSON(o.std.Out, struct {
		Schema string        `json:"schema"`
		Nodes  []mapper.Node `json:"nodes"`
	}{static.Schema, nodes})
}

// nodeRow returns the columns of a node: escaped, they hold nothing that a
// terminal might obey.
func nodeRow(n mapper.Node, escaped bool) []string {
	row := []string{n.ID(), n.Addr, term.Number(n.Capacity()), n.Zone, strings.Join(n.Tags, ",")}
	if escaped {
		for i, cell := range row {
			row[i] = term.Printable(cell)
		}
	}
	return row
}
