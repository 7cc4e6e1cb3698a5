package figures

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/proxenos/proxenos/internal/checkfile"
	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/ring/rules"
)

// broken counts the keys that break a rule, with the first such key of a goroutine.
type broken struct {
	keys, bad int64
	key, why  string
	first     []int64 // keys by their first node
}

// checkDomains counts the keys whose replicas break a rule of failure domains, and the
// keys of every domain.
func (k *checker) checkDomains(ctx context.Context, c *checkfile.Check, r *result) error {
	levels, err := k.levels(c.Domains)
	if errors.Is(err, rules.ErrUnmet) || errors.Is(err, rules.ErrReplicas) {
		r.failf(c.Line, "%v", err)
		return nil
	} else if err != nil {
		return k.at(c.Line, err)
	}
	var all tallies[*broken]
	newCount := func() answer.CountKey {
		b := all.add(&broken{first: make([]int64, len(k.nodes))})
		var nodes []int
		var breaks []rules.Break
		return func(dst []byte, key string, weight int64) []byte {
			nodes, breaks = levels.Select(nodes[:0], key)
			b.keys += weight
			if len(nodes) > 0 {
				b.first[nodes[0]] += weight
			}
			if len(breaks) > 0 {
				if b.bad += weight; b.why == "" {
					b.key, b.why = strings.Clone(key), breaks[0].String()
				}
			}
			return dst
		}
	}
	if err := k.rankedKeys().Each(ctx, k.std, "ranking", newCount, "", io.Discard); err != nil {
		return err
	}
	sum := broken{first: make([]int64, len(k.nodes))}
	for _, b := range all.all {
		sum.keys, sum.bad = sum.keys+b.keys, sum.bad+b.bad
		if b.why != "" && (sum.why == "" || b.key < sum.key) {
			sum.key, sum.why = b.key, b.why
		}
		for i, n := range b.first {
			sum.first[i] += n
		}
	}
	r.Note = k.amount(sum.keys)
	var v gateResult
	v.someKeys(sum.keys)
	r.take(c.Line, "", &v)
	if part := share(sum.bad, sum.keys); part > c.Domains.Except {
		r.failf(c.Line, "%s of the keys (%d of %d) break a rule; the limit is %s. Of key %q, %s",
			term.Percent(part), sum.bad, sum.keys, term.Percent(c.Domains.Except), sum.key, sum.why)
	}
	k.checkDomainLoss(c, r, &sum)
	return nil
}

// levels returns the levels of the placement. Rules that the nodes cannot meet for some
// keys are errors if no key may break them.
func (k *checker) levels(d *checkfile.Domains) (*rules.Levels[int], error) {
	rule := rules.Rule{Replicas: d.Replicas}
	for _, l := range d.Most {
		rule.Limits = append(rule.Limits, rules.Limit(l))
	}
	return rules.NewLevels(k.placed.Ranking, rules.LevelsConfig[int]{
		ID:     func(i int) string { return k.placed.Nodes[i].ID() },
		Domain: func(i int) string { return k.placed.Nodes[i].Domain },
		Names:  d.Levels, Rule: rule, Degrade: d.Except > 0,
	})
}

// checkDomainLoss bounds the keys that lose their first replica with a domain.
func (k *checker) checkDomainLoss(c *checkfile.Check, r *result, sum *broken) {
	most := c.Domains.MaxLoss
	if most == nil {
		return
	}
	for level, name := range c.Domains.Levels {
		lost := map[string]int64{}
		for i, n := range sum.first {
			if n > 0 {
				path := strings.Split(k.placed.Nodes[i].Domain, "/")
				lost[strings.Join(path[:level+1], "/")] += n
			}
		}
		for _, domain := range slices.Sorted(maps.Keys(lost)) {
			if part := share(lost[domain], sum.keys); part > *most {
				r.failf(c.Line, "%s %q has the first replica of %s of the keys; the limit is %s", name, domain, term.Percent(part), term.Percent(*most))
			}
		}
	}
}
