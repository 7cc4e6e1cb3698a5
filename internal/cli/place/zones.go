package place

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// ZoneFlags are the flags that select the zones of replicas.
type ZoneFlags struct{ name term.Choice }

// Bind declares the flag on a command.
func (o *ZoneFlags) Bind(c *cobra.Command) {
	o.name = term.Choose("--zone-policy", mapper.ZonePolicyAny.String(), mapper.ZonePolicySpread.String(), mapper.ZonePolicyStrict.String())
	term.AddGroup(c, "Keys", func(fs *pflag.FlagSet) {
		fs.Var(&o.name, "zone-policy", "zones of a key's nodes: any, spread (repeat if needed) or strict (never repeat)")
	})
}

func (o *ZoneFlags) policy() mapper.ZonePolicy {
	p, _ := mapper.ParseZonePolicy(o.name.String()) // the flag takes no other name
	return p
}

// Spreader appends the n nodes of a key to dst.
type Spreader func(dst []int, key string, n int) []int

// Spread returns the choice of nodes by zone, or nil for --zone-policy any.
func (o *ZoneFlags) Spread(p *Placement) Spreader {
	policy := o.policy()
	if policy == mapper.ZonePolicyAny {
		return nil
	}
	zone := func(i int) string { return p.Nodes[i].Zone }
	return func(dst []int, key string, n int) []int {
		dst, _ = mapper.Spread(dst, p.Rank(key), n, zone, policy)
		return dst
	}
}

// Warn warns if there are fewer zones than --count. Then strict yields fewer nodes,
// and spread repeats zones.
func (o *ZoneFlags) Warn(nodes []mapper.Node, count int, std *term.Streams) {
	zones := map[string]bool{}
	for _, n := range nodes {
		if n.Capacity() != 0 {
			zones[n.Zone] = true
		}
	}
	if o.policy() != mapper.ZonePolicyAny && len(zones) < count {
		std.Warn("--zone-policy %s: --count %d exceeds the number of zones (%d)", o.name.String(), count, len(zones))
	}
}
