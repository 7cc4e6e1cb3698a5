package cli

import (
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/sd"
	"github.com/proxenos/proxenos/mapper/static"
)

// nodesOptions are the options of nodes.
type nodesOptions struct {
	std    *term.Streams
	source source.Flags
	format term.Format[*source.Found]
	save   string
}

func newNodes(std *term.Streams) *cobra.Command {
	o := &nodesOptions{std: std}
	c := &cobra.Command{
		Use:   "nodes [flags]",
		Short: "List the nodes of a source",
		Long: `List the nodes of a source that pass the filters. The output of -o json is a
valid FILE for -f.`,
		Example: `  # Which instances of web does Consul list?
  proxenos nodes -b consul -s web

  # Let Prometheus scrape them, by file_sd
  proxenos nodes -s web -o sd >targets.json

  # Which weights do nodes have that start or drain?
  proxenos nodes -f nodes.txt --slow-start 5m

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
	o.format.Bind(c, "text, json, csv or sd (Prometheus service discovery)",
		term.Writer[*source.Found]{Name: "text", Write: writeNodesText},
		term.Writer[*source.Found]{Name: "json", Write: writeNodesJSON},
		term.Writer[*source.Found]{Name: "csv", Write: writeNodesCSV},
		term.Writer[*source.Found]{Name: "sd", Write: writeNodesSD})
	term.AddGroup(c, "Output", func(fs *pflag.FlagSet) {
		fs.StringVar(&o.save, "save", "", "also write the list to a `file`, for select --cache or -f")
	})
	o.source.Bind(c)
	o.source.Outages.BindMinNodes(c)
	return c
}

func (o *nodesOptions) run(ctx context.Context) error {
	if o.save != "" && o.source.SlowStarts() {
		return term.Hint(term.Usagef("--save and --slow-start are mutually exclusive"), "a saved list has the weights of the source, not those of one moment")
	}
	if o.save != "" {
		if err := term.CheckState("--save", o.save); err != nil {
			return err
		}
	}
	f, err := o.source.Ask(ctx, o.std)
	if err != nil {
		return err
	}
	if len(f.Nodes) == 0 {
		return o.source.RequireNodes(f.Nodes, f.Reported)
	}
	if err := o.keep(f); err != nil {
		return err
	}
	return o.format.Write(o.std.Out, f)
}

// keep writes the nodes to the file of --save, if given.
func (o *nodesOptions) keep(f *source.Found) error {
	if o.save == "" {
		return nil
	}
	err := mapper.Snapshot{Saved: f.Saved, Partial: f.Partial, Nodes: f.Nodes}.Write(o.save)
	if err != nil {
		return term.Hint(term.WithCode(term.ErrIO, err), "--save names a file in a writable directory")
	}
	return nil
}

// writeNodesText writes a table with a header.
func writeNodesText(w io.Writer, f *source.Found) error {
	return term.WriteTable(w, nodeRows(f.Nodes, []string{"ID", "ADDRESS", "WEIGHT", "ZONE", "TAGS", "DOMAIN"}, true))
}

func writeNodesCSV(w io.Writer, f *source.Found) error {
	return csv.NewWriter(w).WriteAll(nodeRows(f.Nodes, []string{"id", "address", "weight", "zone", "tags", "domain"}, term.IsTerminal(w)))
}

// writeNodesSD writes target groups for Prometheus.
func writeNodesSD(w io.Writer, f *source.Found) error { return sd.Write(w, f.Nodes) }

// writeNodesJSON writes the form that package static reads. It includes nodes that
// static would reject.
func writeNodesJSON(w io.Writer, f *source.Found) error {
	return term.WriteJSON(w, struct {
		Schema    string        `json:"schema"`
		Addresses string        `json:"address_checksum"`
		Partial   bool          `json:"partial,omitempty"`
		Nodes     []mapper.Node `json:"nodes"`
	}{static.Schema, place.AddressChecksum(f.Nodes), f.Partial, f.Nodes})
}

// nodeRows returns the header and the rows of nodes. They lack the column of domains
// if no node has one.
func nodeRows(nodes []mapper.Node, header []string, escaped bool) [][]string {
	columns := len(header)
	if !slices.ContainsFunc(nodes, func(n mapper.Node) bool { return n.Domain != "" }) {
		columns--
	}
	rows := [][]string{header[:columns]}
	for _, n := range nodes {
		rows = append(rows, nodeRow(n, escaped)[:columns])
	}
	return rows
}

// nodeRow returns the columns of a node, escaped for a terminal if escaped is set.
func nodeRow(n mapper.Node, escaped bool) []string {
	row := []string{n.ID(), n.Addr, term.Number(n.Capacity()), n.Zone, strings.Join(n.Tags, ","), n.Domain}
	if escaped {
		for i, cell := range row {
			row[i] = term.Printable(cell)
		}
	}
	return row
}
