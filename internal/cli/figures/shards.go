package figures

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/ring/rules"
)

const (
	defaultTenants = 1000
	maxTenants     = 100_000 // comparing them takes seconds
)

// shardsOptions are the options of shards.
type shardsOptions struct {
	std          *term.Streams
	source       source.Flags
	placement    place.Flags
	format       term.Format[*shardsView]
	named        []string // the arguments
	size         int
	key          string
	keyed        bool
	count        int
	tenants      int
	tenantsFile  string
	maxPoisoned  term.Fraction
	maxAllButOne term.Fraction
}

// NewShards returns the command shards.
func NewShards(std *term.Streams) *cobra.Command {
	o := &shardsOptions{std: std}
	c := &cobra.Command{
		Use:   "shards [flags] [TENANT ...]",
		Short: "Give each tenant a few nodes, and measure what tenants share",
		Long: `Print the nodes of the shard of each TENANT, best first. A shard has --size nodes,
spread over the zones: the best node of every zone in the ranking of the tenant,
then the second best, and so on. A node that joins takes the place of at most one
node of a shard. With --key, print the nodes of that key of the tenant, --count
of its shard.

Without TENANT, measure how many nodes the shards of sample tenants share, beside
the closed form where there is one: nodes of equal weight, and as many nodes of
each zone or zones of one size. "poisoned" is the part of the other tenants that
have no node left if the worst tenant takes down its nodes.`,
		Example: `  # The four nodes of a tenant, and those of one of its keys
  proxenos shards -f nodes.txt --size 4 acme
  proxenos shards -f nodes.txt --size 4 --key user:42 -k 2 acme

  # How many nodes do tenants share?
  proxenos shards -f nodes.txt --size 4 --tenants 10000
  proxenos shards -f nodes.txt --size 4 --tenants-file tenants.txt

  # In CI: a tenant takes down at most 1% of the others
  proxenos shards -f nodes.txt --size 4 --max-poisoned 1%`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.parse(c, args); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	term.AddGroup(c, "Shards", func(fs *pflag.FlagSet) {
		fs.IntVar(&o.size, "size", 0, "number of nodes of a shard (required)")
		fs.StringVar(&o.key, "key", "", "print the nodes of this key of each TENANT")
		fs.IntVarP(&o.count, "count", "k", 1, "number of nodes of --key")
		fs.IntVar(&o.tenants, "tenants", defaultTenants, "number of sample tenants to compare")
		fs.StringVar(&o.tenantsFile, "tenants-file", "", "`file` with tenants to compare instead, one per line; - is standard input")
	})
	term.AddGroup(c, gatesGroup, func(fs *pflag.FlagSet) {
		fs.Var(&o.maxPoisoned, "max-poisoned", "limit of the tenants that any one tenant takes down")
		fs.Var(&o.maxAllButOne, "max-all-but-one", "limit of the pairs of tenants that share all nodes, or all but one")
	})
	o.format.Bind(c, "text, json or csv",
		term.Writer[*shardsView]{Name: "text", Write: writeShardsText},
		term.Writer[*shardsView]{Name: "json", Write: term.WriteJSON[*shardsView]},
		term.Writer[*shardsView]{Name: "csv", Write: writeShardsCSV})
	o.placement.Bind(c, place.Algorithms)
	o.placement.BindLevels(c)
	o.source.Bind(c)
	return c
}

func (o *shardsOptions) parse(c *cobra.Command, args []string) error {
	o.named, o.keyed = args, c.Flags().Changed("key")
	gated := o.maxPoisoned.Given || o.maxAllButOne.Given
	switch {
	case !c.Flags().Changed("size"):
		return term.Hint(term.Usagef("no --size"), "give the number of nodes of a shard, such as --size 4")
	case o.size < 1:
		return term.Usagef("--size %d: must be at least 1", o.size)
	case len(args) > 0 && (gated || c.Flags().Changed("tenants") || o.tenantsFile != ""):
		return term.Hint(term.Usagef("flags that compare tenants do not apply to a TENANT"), "give tenants to compare in a file: --tenants-file FILE")
	case o.keyed && len(args) == 0:
		return term.Hint(term.Usagef("--key requires a TENANT"), "a key belongs to a tenant")
	case o.count < 1 || o.count > o.size:
		return term.Usagef("--count %d: must be from 1 to --size, which is %d", o.count, o.size)
	case c.Flags().Changed("count") && !o.keyed:
		return term.Hint(term.Usagef("--count requires --key"), "--size is the number of nodes of a shard")
	case o.tenantsFile != "" && c.Flags().Changed("tenants"):
		return term.Usagef("--tenants and --tenants-file are mutually exclusive")
	case o.tenants < 2 || o.tenants > maxTenants:
		return term.Usagef("--tenants %d: must be from 2 to %d", o.tenants, maxTenants)
	case o.tenantsFile == "-" && o.source.ReadsStandardInput():
		return term.Hint(term.Usagef("standard input cannot hold both the tenants and the nodes"), "put the nodes in a file: -f FILE")
	case len(args) == 0 && o.format.Is("csv"):
		return term.Hint(term.Usagef("-o csv lists shards: it needs a TENANT"), "use -o json for what tenants share")
	}
	if err := o.placement.Parse(c, o.std); err != nil {
		return err
	}
	if err := o.placement.ParseRule(1); err != nil {
		return err
	}
	if err := o.source.Parse(c); err != nil {
		return err
	}
	if gated {
		o.source.Gate()
	}
	return nil
}

func (o *shardsOptions) run(ctx context.Context) error {
	p, err := o.source.Place(ctx, o.std, &o.placement)
	if err != nil {
		return err
	}
	for _, w := range p.Warnings() {
		o.std.Warn("%s", w)
	}
	s, err := shardsOf(p)
	if err != nil {
		return err
	}
	escaped := o.format.Is("text") || term.IsTerminal(o.std.Out)
	view := &shardsView{
		Schema: "proxenos.shards/v1", Algorithm: p.Algorithm, Hash: p.Hash, Checksum: p.ChecksumText(), Partial: p.Partial, Size: o.size,
	}
	if len(o.named) > 0 {
		if view.Shards, err = o.shards(s, answer.EscapedViews(p.Nodes, escaped), escaped); err != nil {
			return err
		}
		return o.format.Write(o.std.Out, view)
	}
	measured, err := o.measure(s)
	if err != nil {
		return err
	}
	view.Overlap = measured
	if escaped {
		view.Overlap.WorstTenant = term.Escape(measured.WorstTenant)
	}
	written := o.format.Write(o.std.Out, view)
	return o.std.Verdict(o.check(measured), written)
}

// shardsOf returns the shards over a placement.
func shardsOf(p *place.Placement) (*rules.Shards[int], error) {
	return rules.NewShards(p.Ranking, rules.ShardsConfig[int]{
		ID:   func(i int) string { return p.Nodes[i].ID() },
		Zone: func(i int) string { return p.Nodes[i].Zone },
	})
}

// shardsView is the output of shards -o json.
type shardsView struct {
	Schema    string       `json:"schema"`
	Algorithm string       `json:"algorithm"`
	Hash      string       `json:"hash,omitempty"`
	Checksum  string       `json:"checksum"`
	Partial   bool         `json:"partial,omitempty"`
	Size      int          `json:"size"`
	Shards    []shardView  `json:"shards,omitempty"`
	Overlap   *overlapView `json:"overlap,omitempty"`
}

// shardView is the shard of a tenant, or the nodes of one of its keys.
type shardView struct {
	Tenant string            `json:"tenant"`
	Key    *string           `json:"key,omitempty"`
	Nodes  []answer.NodeView `json:"nodes"`
}

// shards returns the shards of the arguments, or the nodes of --key.
func (o *shardsOptions) shards(s *rules.Shards[int], nodes []answer.NodeView, escaped bool) (views []shardView, err error) {
	for _, tenant := range o.named {
		var chosen []int
		v := shardView{Tenant: tenant}
		if o.keyed {
			v.Key = &o.key
			chosen, err = s.SelectN(nil, tenant, o.size, o.key, o.count)
		} else {
			chosen, err = s.Shard(nil, tenant, o.size)
		}
		if err != nil {
			return nil, term.WithCode(term.ErrNoNodes, err)
		}
		if escaped {
			v.Tenant = term.Escape(tenant)
		}
		for _, i := range chosen {
			v.Nodes = append(v.Nodes, nodes[i])
		}
		views = append(views, v)
	}
	return views, nil
}

func writeShardsText(w io.Writer, v *shardsView) error {
	if v.Overlap != nil {
		return writeOverlapText(w, v.Overlap)
	}
	return term.WriteTable(w, v.rows("TENANT", "RANK", "ID", "ADDRESS", "ZONE"))
}

func writeShardsCSV(w io.Writer, v *shardsView) error {
	return csv.NewWriter(w).WriteAll(v.rows("tenant", "rank", "id", "address", "zone"))
}

// rows returns a header and a row for each node of each shard.
func (v *shardsView) rows(header ...string) [][]string {
	rows := [][]string{header}
	for _, s := range v.Shards {
		for rank, n := range s.Nodes {
			rows = append(rows, []string{s.Tenant, strconv.Itoa(rank + 1), n.ID, n.Address, n.Zone})
		}
	}
	return rows
}
