// Package figures holds the commands that measure placement: ring, explain,
// balance, diff, check and report.
package figures

import (
	"context"
	"io"
	"sync"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
)

// losses are the worst single losses for a load: of a node and of a zone. A nil one
// is unknown.
type losses struct {
	node, zone *compare.Loss
	zones      []string // names, by group of zone
}

// zoneName returns the name of the lost zone.
func (l *losses) zoneName() string {
	if name := l.zones[l.zone.Group]; name != "" {
		return name
	}
	return "(without a name)"
}

// measureLoad counts the keys of each node.
func measureLoad(ctx context.Context, std *term.Streams, p *place.Placement, keys *answer.Keys) (*compare.Load, error) {
	load := &compare.Load{Held: make([]int64, len(p.Nodes)), Fair: fairShares(p)}
	var tallies tallies[[]int64]
	newCount := func() func([]byte, string) []byte {
		held := tallies.add(make([]int64, len(p.Nodes)))
		return func(dst []byte, key string) []byte {
			if i, ok := p.Select(key); ok {
				held[i]++
			}
			return dst
		}
	}
	if err := keys.Each(ctx, std, "counting", newCount, "", io.Discard); err != nil {
		return nil, err
	}
	for _, held := range tallies.all {
		for i, n := range held {
			load.Held[i] += n
			load.Keys += n
		}
	}
	return load, nil
}

// tallies collect the counts of goroutines until these end.
type tallies[T any] struct {
	mu  sync.Mutex
	all []T
}

func (t *tallies[T]) add(tally T) T {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, tally)
	return tally
}

// Ranking a key takes time in proportion to the nodes, so the number of ranked keys
// shrinks for very many nodes. The loss of a node is measured only if there are
// keysPerNode keys for each.
const (
	rankedNodes  = 1 << 30 // limit of keys times nodes
	fewestRanked = 1 << 10
	keysPerNode  = 64
)

// rankedKeys returns the number of keys to rank.
func rankedKeys(nodes int) int64 {
	return min(compare.LossKeys, max(fewestRanked, int64(rankedNodes/max(1, nodes))))
}

// measureLosses finds the worst losses for a load. It ranks keys of the sample to
// find where keys move, whatever keys the load was counted on.
func measureLosses(ctx context.Context, std *term.Streams, p *place.Placement, load *compare.Load) (*losses, error) {
	ranked := &answer.Keys{Sample: rankedKeys(len(p.Nodes))}
	zone, names := zonesOf(p.Nodes)
	var singly, zonal tallies[*compare.Spill]
	newCount := func() func([]byte, string) []byte {
		s := singly.add(compare.NewSpill(compare.Singly(len(p.Nodes))))
		z := zonal.add(compare.NewSpill(zone))
		return func(dst []byte, key string) []byte {
			spill(p, key, s, z, len(names))
			return dst
		}
	}
	if err := ranked.Each(ctx, std, "ranking", newCount, "", io.Discard); err != nil {
		return nil, err
	}
	l := &losses{zones: names}
	if ranked.Sample >= int64(keysPerNode*len(p.Nodes)) {
		l.node = worst(singly.all, load)
	}
	if len(names) > 1 {
		l.zone = worst(zonal.all, load)
	}
	return l, nil
}

func worst(spills []*compare.Spill, load *compare.Load) *compare.Loss {
	for _, s := range spills[1:] {
		spills[0].Gather(s)
	}
	loss, ok := spills[0].Worst(load)
	if !ok {
		return nil
	}
	return &loss
}

// spill counts the node that takes over a key if its owner is lost, and if the zone
// of its owner is lost.
func spill(p *place.Placement, key string, singly, zonal *compare.Spill, zones int) {
	owner, next, beyond := -1, -1, -1
	for i := range p.Rank(key) {
		if owner < 0 {
			owner = i
			continue
		}
		if next < 0 {
			next = i
		}
		if zonal.Group(i) != zonal.Group(owner) {
			beyond = i
		}
		if beyond >= 0 || zones == 1 {
			break
		}
	}
	if owner >= 0 {
		singly.Count(singly.Group(owner), next)
		zonal.Count(zonal.Group(owner), beyond)
	}
}

// measureChange counts the keys that move from one placement to another, and lists
// each in moves.
func measureChange(ctx context.Context, std *term.Streams, before, after *place.Placement, keys *answer.Keys, moves *moves) (*compare.Movement, error) {
	change := compare.NewChange(sideOf(before), sideOf(after))
	var tallies tallies[*compare.ChangeTally]
	newCount := func() func([]byte, string) []byte {
		tally := tallies.add(change.NewTally())
		record := moves.recorder()
		return func(dst []byte, key string) []byte {
			from, ok := before.Select(key)
			to, also := after.Select(key)
			if ok && also && tally.Count(from, to) && record != nil {
				return record(dst, key, from, to)
			}
			return dst
		}
	}
	if err := keys.Each(ctx, std, "comparing", newCount, moves.head(), moves.writer()); err != nil {
		return nil, err
	}
	for _, tally := range tallies.all {
		change.Gather(tally)
	}
	return change.Movement(), nil
}
