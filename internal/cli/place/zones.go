package place

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// ZoneFlags say how the replicas of a key relate to zones.
type ZoneFlags struct{ name term.Choice }

// Bind declares the flags on a command.
func (o *ZoneFlags) Bind(c *cobra.Command) {
	o.name = term.Choose("--zone-policy", mapper.ZonePolicyAny.String(), mapper.ZonePolicySpread.String(), mapper.ZonePolicyStrict.String())
	term.AddGroup(c, "Keys", func(fs *pflag.FlagSet) {
		fs.Var(&o.name, "zone-policy", "zones of a key's nodes: any, spread (all of them) or strict (no two in one)")
	})
}

func (o *ZoneFlags) policy() mapper.ZonePolicy {
	p, _ := mapper.ParseZonePolicy(o.name.String()) // the flag takes no other name
	return p
}

// Spreader appends the owners of a key to dst.
type Spreader func(dst []int, key string, n int) []int

// Spread returns how owners are chosen by zone, or nil if zones do not count.
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

// Warn tells that there are fewer zones than nodes were asked for: strict
// gives fewer nodes then, and spread two in one zone.
func (o *ZoneFlags) Warn(nodes []mapper.Node, count int, std *term.Streams) {
	zones := map[string]bool{}
	for _, n := range nodes {
		if n.Capacity() != 0 {
			zones[n.Zone] = true
		}
	}
	if o.policy() != mapper.ZonePolicyAny && len(zones) < count {
		std.Warn("--zone-policy %s --count %d: there are no more than %d zones", o.name.String(), count, len(zones))
	}
}
