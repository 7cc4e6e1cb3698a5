package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/mapper"
)

// zonePolicies are the values of --zone-policy; the first is the default.
var zonePolicies = []string{mapper.AnyZone.String(), mapper.SpreadZones.String(), mapper.StrictZones.String()}

// zoneOptions say how the replicas of a key relate to zones.
type zoneOptions struct {
	name   string
	policy mapper.ZonePolicy
}

func (o *zoneOptions) bind(c *cobra.Command) {
	addGroup(c, "Keys", func(fs *pflag.FlagSet) {
		fs.StringVar(&o.name, "zone-policy", zonePolicies[0], "zones of a key's nodes: any, spread (all of them) or strict (no two in one)")
	})
	complete(c, "zone-policy", zonePolicies)
}

func (o *zoneOptions) parse() (err error) {
	if o.policy, err = mapper.ParseZonePolicy(o.name); err != nil {
		return unknownChoice("--zone-policy", o.name, zonePolicies)
	}
	return nil
}

// spreader appends the owners of a key to dst.
type spreader func(dst []int, key string, n int) []int

// spread returns how owners are chosen by zone, or nil if zones do not count.
func (o *zoneOptions) spread(p *placement) spreader {
	if o.policy == mapper.AnyZone {
		return nil
	}
	zone := func(i int) string { return p.nodes[i].Zone }
	return func(dst []int, key string, n int) []int {
		dst, _ = mapper.Spread(dst, p.Rank(key), n, zone, o.policy)
		return dst
	}
}

// warn tells that there are fewer zones than nodes were asked for: strict
// gives fewer nodes then, and spread two in one zone.
func (o *zoneOptions) warn(nodes []mapper.Node, count int, std *streams) {
	zones := map[string]bool{}
	for _, n := range nodes {
		if n.Capacity() != 0 {
			zones[n.Zone] = true
		}
	}
	if o.policy != mapper.AnyZone && len(zones) < count {
		std.warn("--zone-policy %s --count %d: there are no more than %d zones", o.policy, count, len(zones))
	}
}
