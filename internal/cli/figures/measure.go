// Package figures holds the commands that measure placement: ring, partitions, explain,
// balance, diff, check and report.
package figures

import (
	"context"
	"io"
	"iter"
	"sync"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/mapper"
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
	newCount := func() answer.CountBlock {
		held := tallies.add(make([]int64, len(p.Nodes)))
		var owners []int
		return func(dst []byte, keys []string, weights []int64) []byte {
			owners = place.SelectAll(owners[:0], p, keys)
			for n, i := range owners {
				if i >= 0 {
					held[i] += answer.WeightOf(weights, n)
				}
			}
			return dst
		}
	}
	if err := keys.EachBlock(ctx, std, "counting", newCount, "", io.Discard); err != nil {
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
	fewRanked    = 4 // nodes of a key that are ranked at once
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
	newCount := func() answer.CountBlock {
		s := singly.add(compare.NewSpill(compare.Singly(len(p.Nodes))))
		z := zonal.add(compare.NewSpill(zone))
		ranks := place.NewRanks(p, fewRanked)
		return func(dst []byte, keys []string, weights []int64) []byte {
			ranks.Rank(keys)
			for n := range keys {
				spill(ranks.Of(n), answer.WeightOf(weights, n), s, z, len(names))
			}
			return dst
		}
	}
	if err := ranked.EachBlock(ctx, std, "ranking", newCount, "", io.Discard); err != nil {
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
func spill(rank iter.Seq[int], weight int64, singly, zonal *compare.Spill, zones int) {
	owner, next, beyond := -1, -1, -1
	for i := range rank {
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
		singly.Count(singly.Group(owner), next, weight)
		zonal.Count(zonal.Group(owner), beyond, weight)
	}
}

// measureCapacity counts the keys of each node, and where each key would go after
// the loss of its owner's group. It returns the losses of all groups, the worst
// first. Both are counted on the same keys, so the figures are exact for them.
func measureCapacity(ctx context.Context, std *term.Streams, p *place.Placement, keys *answer.Keys, group []int) (*compare.Load, []compare.Loss, error) {
	load := &compare.Load{Held: make([]int64, len(p.Nodes)), Fair: fairShares(p)}
	var held tallies[[]int64]
	var spills tallies[*compare.Spill]
	newCount := func() answer.CountBlock {
		mine, s := held.add(make([]int64, len(p.Nodes))), spills.add(compare.NewSpill(group))
		ranks := place.NewRanks(p, fewRanked)
		return func(dst []byte, keys []string, weights []int64) []byte {
			ranks.Rank(keys)
			for n := range keys {
				if owner, next := nextBeyond(ranks.Of(n), group); owner >= 0 {
					weight := answer.WeightOf(weights, n)
					mine[owner] += weight
					s.Count(group[owner], next, weight)
				}
			}
			return dst
		}
	}
	if err := keys.EachBlock(ctx, std, "ranking", newCount, "", io.Discard); err != nil {
		return nil, nil, err
	}
	for _, mine := range held.all {
		for i, n := range mine {
			load.Held[i] += n
			load.Keys += n
		}
	}
	all := compare.NewSpill(group)
	for _, s := range spills.all {
		all.Gather(s)
	}
	return load, all.Losses(load), nil
}

// nextBeyond returns the owner of a key and the next node in rank outside its
// group, or -1.
func nextBeyond(rank iter.Seq[int], group []int) (owner, next int) {
	owner = -1
	for i := range rank {
		switch {
		case owner < 0:
			owner = i
		case group[i] != group[owner]:
			return owner, i
		}
	}
	return owner, -1
}

// replicator returns the first nodes of the keys of a block, as many as their
// replicas. It is used by one goroutine.
type replicator struct {
	*place.Ranks
	n      int
	zone   func(node int) string
	policy mapper.ZonePolicy
}

// replicas returns the replicator of a placement for n replicas.
func replicas(p *place.Placement, n int, policy mapper.ZonePolicy) *replicator {
	few := n
	if policy != mapper.ZonePolicyAny {
		few = max(n, fewRanked)
	}
	return &replicator{place.NewRanks(p, few), n, func(i int) string { return p.Nodes[i].Zone }, policy}
}

// of appends the replicas of a key of the block to dst.
func (r *replicator) of(dst []int, key int) []int {
	dst, _ = mapper.Spread(dst, r.Of(key), r.n, r.zone, r.policy)
	return dst
}

// measureCopies is like [measureChange], and counts the replicas that must be
// copied.
func measureCopies(ctx context.Context, std *term.Streams, before, after *place.Placement, keys *answer.Keys, n int, policy mapper.ZonePolicy) (*compare.Movement, error) {
	change := compare.NewChange(sideOf(before), sideOf(after))
	var tallies tallies[*compare.ChangeTally]
	newCount := func() answer.CountBlock {
		tally := tallies.add(change.NewTally())
		from, to := replicas(before, n, policy), replicas(after, n, policy)
		var olds, news []int
		return func(dst []byte, keys []string, weights []int64) []byte {
			from.Rank(keys)
			to.Rank(keys)
			for i := range keys {
				olds, news = from.of(olds[:0], i), to.of(news[:0], i)
				if len(olds) > 0 && len(news) > 0 {
					weight := answer.WeightOf(weights, i)
					tally.Count(olds[0], news[0], weight)
					tally.CountReplicas(olds, news, weight)
				}
			}
			return dst
		}
	}
	if err := keys.EachBlock(ctx, std, "comparing", newCount, "", io.Discard); err != nil {
		return nil, err
	}
	for _, tally := range tallies.all {
		change.Gather(tally)
	}
	return change.Movement(), nil
}

// measureChange counts the keys that move from one placement to another, and lists
// each in moves.
func measureChange(ctx context.Context, std *term.Streams, before, after *place.Placement, keys *answer.Keys, moves *moves) (*compare.Movement, error) {
	change := compare.NewChange(sideOf(before), sideOf(after))
	var tallies tallies[*compare.ChangeTally]
	newCount := func() answer.CountBlock {
		tally := tallies.add(change.NewTally())
		record := moves.recorder()
		pair := place.NewPair(before, after)
		return func(dst []byte, keys []string, weights []int64) []byte {
			froms, tos := pair.Select(keys)
			if record == nil {
				tally.CountAll(froms, tos, weights)
				return dst
			}
			for n, from := range froms {
				to := tos[n]
				if from >= 0 && to >= 0 && tally.Count(from, to, answer.WeightOf(weights, n)) {
					dst = record(dst, keys[n], from, to)
				}
			}
			return dst
		}
	}
	if err := keys.EachBlock(ctx, std, "comparing", newCount, moves.head(), moves.writer()); err != nil {
		return nil, err
	}
	for _, tally := range tallies.all {
		change.Gather(tally)
	}
	return change.Movement(), nil
}
