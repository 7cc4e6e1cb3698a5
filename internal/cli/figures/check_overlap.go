package figures

import (
	"github.com/proxenos/proxenos/internal/checkfile"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// checkOverlap measures what the shards of sample tenants share.
func (k *checker) checkOverlap(c *checkfile.Check, r *result) {
	s, err := shardsOf(k.placed)
	if err != nil {
		r.failf(c.Line, "%v", err)
		return
	}
	o := shardsOptions{size: c.Shards.Size, tenants: c.Shards.Tenants}
	v, err := o.measure(s)
	if err != nil {
		r.failf(c.Line, "%v", err)
		return
	}
	r.Note = term.Plural(v.Tenants, "tenant") + ", " + term.Percent(v.Poisoned) + " poisoned at most, " + term.Percent(v.AllButOne) + " of pairs share all or all but one"
	var g gateResult
	g.overlap(v, c.Shards.MaxPoisoned, c.Shards.MaxAllButOne)
	r.take(c.Line, "", &g)
}
