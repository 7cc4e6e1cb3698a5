package figures

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// partitionsOptions are the options of partitions.
type partitionsOptions struct {
	std       *term.Streams
	source    source.Flags
	placement place.Flags
	format    term.Format[*assignment]
}

// NewPartitions returns the command partitions.
func NewPartitions(std *term.Streams) *cobra.Command {
	o := &partitionsOptions{std: std}
	c := &cobra.Command{
		Use:   "partitions [flags]",
		Short: "Assign partitions to nodes, within a bound",
		Long: `Print the node of each partition, as -a partitions of other commands uses it. A
key belongs to the partition that is its hash modulo --partitions.

With --bound, no node has more than the bound times its share by weight, rounded
up. --bound 1 is as even as whole partitions can be. When nodes change, a bound
moves partitions that would not move without it; proxenos diff -a partitions
counts them.

-o json lists the partitions by node, with the checksum of the assignment, for
programs that apply it.`,
		Example: `  proxenos partitions -f nodes.txt --partitions 256 --bound 1.1
  proxenos partitions -f nodes.txt --partitions 256 --bound 1.1 -o json

  # How many keys move if the bound is tightened?
  proxenos diff -f nodes.txt -a partitions --bound 1 --before-bound 1.1`,
		Args: term.Args(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.placement.Parse(c, o.std); err != nil {
				return err
			}
			if err := o.source.Parse(c); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	o.format.Bind(c, "text, json or csv",
		term.Writer[*assignment]{Name: "text", Write: writeAssignmentText},
		term.Writer[*assignment]{Name: "json", Write: term.WriteJSON[*assignment]},
		term.Writer[*assignment]{Name: "csv", Write: writeAssignmentCSV})
	o.placement.Bind(c, place.Partitions)
	o.source.Bind(c)
	return c
}

// assignment is the output of partitions -o json.
type assignment struct {
	Schema     string         `json:"schema"`
	Hash       string         `json:"hash"`
	Checksum   string         `json:"checksum"`
	Partial    bool           `json:"partial,omitempty"`
	Partitions int            `json:"partitions"`
	Bound      float64        `json:"bound,omitempty"`
	Nodes      []assignedView `json:"nodes"` // by ID

	owners []int // by partition, indices in Nodes
}

// assignedView is a node with its partitions.
type assignedView struct {
	answer.NodeView
	Limit      int   `json:"limit"`
	Partitions []int `json:"partitions"`
}

// boundedRanking is a ranking that limits the partitions of each node.
type boundedRanking interface {
	slottedRanking
	Load(id string) (held, limit int, ok bool)
}

func (o *partitionsOptions) run(ctx context.Context) error {
	p, err := o.source.Place(ctx, o.std, &o.placement)
	if err != nil {
		return err
	}
	for _, w := range p.Warnings() {
		o.std.Warn("%s", w)
	}
	escaped := o.format.Is("text") || o.format.Is("csv") && term.IsTerminal(o.std.Out)
	return o.format.Write(o.std.Out, newAssignment(p, o.placement.Bound(), answer.EscapedViews(p.Nodes, escaped)))
}

func newAssignment(p *place.Placement, bound float64, nodes []answer.NodeView) *assignment {
	r := p.Ranking.(boundedRanking)
	a := &assignment{
		Schema: "proxenos.partitions/v1", Hash: p.Hash, Checksum: p.ChecksumText(), Partial: p.Partial,
		Partitions: r.Slots(), Bound: bound, owners: make([]int, r.Slots()),
	}
	for i, n := range nodes {
		_, limit, _ := r.Load(p.Nodes[i].ID()) // 0 for a drained node
		a.Nodes = append(a.Nodes, assignedView{NodeView: n, Limit: limit, Partitions: []int{}})
	}
	for i := range a.owners {
		owner, _ := r.Owner(i) // every partition has one: the source has eligible nodes
		a.owners[i] = owner
		a.Nodes[owner].Partitions = append(a.Nodes[owner].Partitions, i)
	}
	return a
}

func writeAssignmentText(w io.Writer, a *assignment) error {
	rows := [][]string{{"PARTITION", "ID", "ADDRESS"}}
	for i, owner := range a.owners {
		rows = append(rows, []string{strconv.Itoa(i), a.Nodes[owner].ID, a.Nodes[owner].Address})
	}
	if err := term.WriteTable(w, rows); err != nil {
		return err
	}
	total := 0.0
	for _, n := range a.Nodes {
		total += n.Weight
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return err
	}
	rows = [][]string{{"ID", "WEIGHT", "SHARE", "PARTITIONS", "LIMIT"}}
	for _, n := range a.Nodes {
		share := float64(a.Partitions) * n.Weight / total
		rows = append(rows, []string{n.ID, term.Number(n.Weight), fmt.Sprintf("%.1f", share), strconv.Itoa(len(n.Partitions)), strconv.Itoa(n.Limit)})
	}
	return term.WriteTable(w, rows)
}

func writeAssignmentCSV(w io.Writer, a *assignment) error {
	rows := [][]string{{"partition", "id", "address"}}
	for i, owner := range a.owners {
		rows = append(rows, []string{strconv.Itoa(i), a.Nodes[owner].ID, a.Nodes[owner].Address})
	}
	return csv.NewWriter(w).WriteAll(rows)
}
