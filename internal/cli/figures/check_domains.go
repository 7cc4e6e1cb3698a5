package figures

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/proxenos/proxenos/internal/checkfile"
	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/ring/rules"
)

// ruled counts the keys of a check of failure domains.
type ruled struct {
	keys, broken int64
	key, why     string    // a broken key, the smallest one, and what it breaks
	first, all   [][]int64 // by level and domain, the keys whose first or all replicas are there
}

func newRuled(levels []level) *ruled {
	r := &ruled{first: make([][]int64, len(levels)), all: make([][]int64, len(levels))}
	for depth, l := range levels {
		r.first[depth], r.all[depth] = make([]int64, len(l.paths)), make([]int64, len(l.paths))
	}
	return r
}

// count counts a key with its replicas.
func (r *ruled) count(levels []level, key string, weight int64, nodes []int, breaks []rules.Break) {
	r.keys += weight
	for depth, l := range levels {
		domain, whole := l.group[nodes[0]], true
		for _, i := range nodes[1:] {
			whole = whole && l.group[i] == domain
		}
		r.first[depth][domain] += weight
		if whole {
			r.all[depth][domain] += weight
		}
	}
	if len(breaks) > 0 {
		r.broken += weight
		r.explain(strings.Clone(key), breaks[0].String())
	}
}

// explain keeps the smaller key.
func (r *ruled) explain(key, why string) {
	if why != "" && (r.why == "" || key < r.key) {
		r.key, r.why = key, why
	}
}

// gather adds the counts of other.
func (r *ruled) gather(other *ruled) {
	r.keys, r.broken = r.keys+other.keys, r.broken+other.broken
	r.explain(other.key, other.why)
	for depth := range r.first {
		for domain := range r.first[depth] {
			r.first[depth][domain] += other.first[depth][domain]
			r.all[depth][domain] += other.all[depth][domain]
		}
	}
}

// checkDomains counts the keys whose replicas break a rule of failure domains, and those
// that every domain holds.
func (k *checker) checkDomains(ctx context.Context, c *checkfile.Check, r *result) error {
	rule, err := k.ruleOf(c.Domains)
	if errors.Is(err, rules.ErrUnmet) || errors.Is(err, rules.ErrReplicas) {
		r.failf(c.Line, "%v", err)
		return nil
	} else if err != nil {
		return k.at(c.Line, err)
	}
	levels := levelsOf(k.nodes, c.Domains.Levels)
	var tallies tallies[*ruled]
	newCount := func() answer.CountKey {
		mine := tallies.add(newRuled(levels))
		var nodes []int
		var breaks []rules.Break
		return func(dst []byte, key string, weight int64) []byte {
			if nodes, breaks = rule.Select(nodes[:0], key); len(nodes) > 0 {
				mine.count(levels, key, weight, nodes, breaks)
			}
			return dst
		}
	}
	if err := k.rankedKeys().Each(ctx, k.std, "ranking", newCount, "", io.Discard); err != nil {
		return err
	}
	sum := newRuled(levels)
	for _, mine := range tallies.all {
		sum.gather(mine)
	}
	k.judgeDomains(c, r, levels, sum)
	return nil
}

// ruleOf returns the rule over the placement. Rules that the nodes cannot meet for some
// keys are errors if no key may break them.
func (k *checker) ruleOf(d *checkfile.Domains) (*rules.Levels[int], error) {
	rule := rules.Rule{Replicas: d.Replicas}
	for _, l := range d.Most {
		rule.Limits = append(rule.Limits, rules.Limit(l))
	}
	if d.Nearest != nil {
		rule.HomeLevel, rule.Home = d.Nearest.Level, d.Nearest.Most
	}
	return rules.NewLevels(k.placed.Ranking, rules.LevelsConfig[int]{
		ID:     func(i int) string { return k.placed.Nodes[i].ID() },
		Domain: func(i int) string { return k.placed.Nodes[i].Domain },
		Names:  d.Levels, Rule: rule, Degrade: d.Except > 0,
	})
}

// judgeDomains notes the worst loss of any domain, and fails the check for limits that
// are exceeded.
func (k *checker) judgeDomains(c *checkfile.Check, r *result, levels []level, sum *ruled) {
	var v gateResult
	v.someKeys(sum.keys)
	r.take(c.Line, "", &v)
	if part := share(sum.broken, sum.keys); part > c.Domains.Except {
		r.failf(c.Line, "%s of the keys (%d of %d) break a rule; the limit is %s. Of key %q, %s",
			term.Percent(part), sum.broken, sum.keys, term.Percent(c.Domains.Except), sum.key, sum.why)
	}
	worst, at := 0.0, ""
	for depth, l := range levels {
		for domain, path := range l.paths {
			first, all := share(sum.first[depth][domain], sum.keys), share(sum.all[depth][domain], sum.keys)
			if first > worst {
				worst, at = first, l.name+" "+path
			}
			if most := c.Domains.MaxLoss; most != nil && first > *most {
				r.failf(c.Line, "%s %q has the first replica of %s of the keys; the limit is %s", l.name, path, term.Percent(first), term.Percent(*most))
			}
			if most := c.Domains.MaxGone; most != nil && all > *most {
				r.failf(c.Line, "%s %q has all replicas of %s of the keys; the limit is %s", l.name, path, term.Percent(all), term.Percent(*most))
			}
		}
	}
	r.Note = k.amount(sum.keys) + ", worst loss " + term.Percent(worst) + " with " + term.Escape(at)
}
