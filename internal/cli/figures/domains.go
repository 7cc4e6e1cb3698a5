package figures

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/mapper"
)

// level holds the failure domains of one level.
type level struct {
	name  string
	group []int    // by node, the index of its domain
	paths []string // by domain, sorted; "" for drained nodes that have none
}

// levelsOf returns the domains of the named levels, widest first. Nodes that are not
// drained have a name for every level.
func levelsOf(nodes []mapper.Node, names []string) []level {
	levels := make([]level, len(names))
	for depth, name := range names {
		byNode := make([]string, len(nodes))
		for i, n := range nodes {
			if parts := strings.Split(n.Domain, "/"); len(parts) == len(names) {
				byNode[i] = strings.Join(parts[:depth+1], "/")
			}
		}
		l := level{name: name, group: make([]int, len(nodes)), paths: slices.Compact(slices.Sorted(slices.Values(byNode)))}
		for i, path := range byNode {
			l.group[i], _ = slices.BinarySearch(l.paths, path)
		}
		levels[depth] = l
	}
	return levels
}

// domainsView is the part of balance -o json about failure domains.
type domainsView struct {
	Domains []domainView    `json:"domains,omitempty"`
	Losses  []levelLossView `json:"worst_domain_losses,omitempty"`
}

// domainView is a failure domain with its keys.
type domainView struct {
	Level  string  `json:"level"`
	Domain string  `json:"domain"`
	Nodes  int     `json:"nodes"` // that are not drained
	Weight float64 `json:"weight"`
	Keys   int64   `json:"keys"`
	Share  float64 `json:"share"`
	Fair   float64 `json:"fair"`
}

// levelLossView is the worst loss of a domain of a level.
type levelLossView struct {
	Level string `json:"level"`
	lossView
}

// measureDomains returns the load of every domain of the named levels, and the worst
// loss of each level.
func measureDomains(ctx context.Context, std *term.Streams, p *place.Placement, names []string, load *compare.Load, nodes []answer.NodeView) (v domainsView, err error) {
	if len(names) == 0 {
		return v, nil
	}
	levels := levelsOf(p.Nodes, names)
	worst, err := measureDomainLosses(ctx, std, p, levels, load)
	if err != nil {
		return v, err
	}
	for depth, l := range levels {
		v.Domains = append(v.Domains, l.views(p.Nodes, load)...)
		if loss := worst[depth]; loss != nil {
			v.Losses = append(v.Losses, levelLossView{l.name, *newLossView(loss, nodes, term.Escape(l.paths[loss.Group]))})
		}
	}
	return v, nil
}

// views returns the load of the domains.
func (l *level) views(nodes []mapper.Node, load *compare.Load) []domainView {
	views := make([]domainView, len(l.paths))
	for at, path := range l.paths {
		views[at].Level, views[at].Domain = l.name, term.Escape(path)
	}
	for i, n := range nodes {
		v := &views[l.group[i]]
		if n.Capacity() != 0 {
			v.Nodes++
		}
		v.Weight += n.Capacity()
		v.Keys += load.Held[i]
		v.Fair += load.Fair[i]
	}
	setShares(views, load.Keys)
	return views
}

// same reports whether another part has the same domains.
func (v *domainsView) same(part *domainsView) bool {
	return slices.EqualFunc(v.Domains, part.Domains, func(a, b domainView) bool {
		a.Keys, a.Share = b.Keys, b.Share
		return a == b
	})
}

// add adds the keys of a part with the same domains, or of the first part. Losses do
// not add up.
func (v *domainsView) add(part *domainsView) {
	if v.Domains == nil {
		v.Domains = slices.Clone(part.Domains)
		return
	}
	for i, d := range part.Domains {
		v.Domains[i].Keys += d.Keys
	}
}

// setShares sets the shares of the domains in all keys.
func setShares(domains []domainView, keys int64) {
	for i := range domains {
		domains[i].Share = share(domains[i].Keys, keys)
	}
}

// measureDomainLosses returns the worst loss of each level, or nil where a level has one
// domain.
func measureDomainLosses(ctx context.Context, std *term.Streams, p *place.Placement, levels []level, load *compare.Load) ([]*compare.Loss, error) {
	ranked := &answer.Keys{Sample: rankedKeys(len(p.Nodes))}
	all := make([]tallies[*compare.Spill], len(levels))
	newCount := func() answer.CountKey {
		spills := make([]*compare.Spill, len(levels))
		for depth, l := range levels {
			spills[depth] = all[depth].add(compare.NewSpill(l.group))
		}
		return func(dst []byte, key string, weight int64) []byte {
			spillDomains(p, key, weight, spills)
			return dst
		}
	}
	if err := ranked.Each(ctx, std, "ranking", newCount, "", io.Discard); err != nil {
		return nil, err
	}
	losses := make([]*compare.Loss, len(levels))
	for depth, l := range levels {
		if len(l.paths) > 1 {
			losses[depth] = worst(all[depth].all, load)
		}
	}
	return losses, nil
}

// spillDomains counts, for every level, the node that takes over a key if the domain of
// its owner is lost. The widest level is left last.
func spillDomains(p *place.Placement, key string, weight int64, spills []*compare.Spill) {
	owner, open := -1, len(spills)
	for i := range p.Rank(key) {
		if owner < 0 {
			owner = i
		}
		for open > 0 && spills[open-1].Group(i) != spills[open-1].Group(owner) {
			open--
			spills[open].Count(spills[open].Group(owner), i, weight)
		}
		if open == 0 {
			return
		}
	}
	for ; owner >= 0 && open > 0; open-- {
		spills[open-1].Count(spills[open-1].Group(owner), -1, weight)
	}
}

// writeText writes the domains as a table, and the losses as lines.
func (v *domainsView) writeText(w io.Writer) error {
	if len(v.Domains) == 0 {
		return nil
	}
	rows := [][]string{{"LEVEL", "DOMAIN", "NODES", "WEIGHT", "KEYS", "SHARE", "EXPECTED"}}
	for _, d := range v.Domains {
		rows = append(rows, []string{d.Level, d.Domain, strconv.Itoa(d.Nodes), term.Number(d.Weight), strconv.FormatInt(d.Keys, 10), term.Percent(d.Share), term.Percent(d.Fair)})
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return err
	}
	if err := term.WriteTable(w, rows); err != nil {
		return err
	}
	for i, l := range v.Losses {
		if i == 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(w, l.text(l.Level)); err != nil {
			return err
		}
	}
	return nil
}
