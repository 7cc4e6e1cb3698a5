package place

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// zonePolicies are the values of --zone-policy; the first is the default.
var zonePolicies = []string{mapper.AnyZone.String(), mapper.SpreadZones.String(), mapper.StrictZones.String()}

// ZoneFlags say how the replicas of a key relate to zones.
type ZoneFlags struct {
	name   string
	policy mapper.ZonePolicy
}

func (o *ZoneFlags) Bind(c *cobra.Command) {
	term.AddGroup(c, "Keys", func(fs *pflag.FlagSet) {
		fs.StringVar(&o.name, "zone-policy", zonePolicies[0], "zones of a key's nodes: any, spread (all of them) or strict (no two in one)")
	})
	term.Complete(c, "zone-policy", zonePolicies)
}

func (o *ZoneFlags) Parse() (err error) {
	if o.policy, err = mapper.ParseZonePolicy(o.name); err != nil {
		return term.UnknownChoice("--zone-policy", o.name, zonePolicies)
	}
	return nil
}

// Spreader appends the owners of a key to dst.
type Spreader func(dst []int, key string, n int) []int

// Spread returns how owners are chosen by zone, or nil if zones do not count.
func (o *ZoneFlags) Spread(p *Placement) Spreader {
	if o.policy == mapper.AnyZone {
		return nil
	}
	zone := func(i int) string { return p.Nodes[i].Zone }
	return func(dst []int, key string, n int) []int {
		dst, _ = mapper.Spread(dst, p.Rank(key), n, zone, o.policy)
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
	if o.policy != mapper.AnyZone && len(zones) < count {
		std.Warn("--zone-policy %s --count %d: there are no more than %d zones", o.policy, count, len(zones))
	}
}
