package figures

import (
	"strconv"

	"github.com/proxenos/proxenos/internal/checkfile"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/ring/rules"
)

// checkOverlap measures what the shards of sample tenants share.
func (k *checker) checkOverlap(c *checkfile.Check, r *result) {
	s, err := rules.NewShards(k.placed.Ranking, rules.ShardsConfig[int]{
		ID:   func(i int) string { return k.placed.Nodes[i].ID() },
		Zone: func(i int) string { return k.placed.Nodes[i].Zone },
	})
	if err != nil {
		r.failf(c.Line, "%v", err)
		return
	}
	tenants := make([]string, c.Shards.Tenants)
	for i := range tenants {
		tenants[i] = "tenant-" + strconv.Itoa(i)
	}
	o, err := s.Overlap(tenants, c.Shards.Size)
	if err != nil {
		r.failf(c.Line, "%v", err)
		return
	}
	near := o.Share(o.Size) + o.Share(o.Size-1)
	r.Note = term.Plural(o.Tenants, "tenant") + ", " + term.Percent(o.Poisoned()) + " poisoned at most, " + term.Percent(near) + " of pairs share all or all but one"
	if most := c.Shards.MaxPoisoned; most != nil && o.Poisoned() > *most {
		r.failf(c.Line, "%q shares all nodes of its shard with %s of the other tenants; the limit is %s", tenants[o.WorstTenant], term.Percent(o.Poisoned()), term.Percent(*most))
	}
	if most := c.Shards.MaxAllButOne; most != nil && near > *most {
		r.failf(c.Line, "%s of the pairs of tenants share all nodes of their shards, or all but one; the limit is %s", term.Percent(near), term.Percent(*most))
	}
}
