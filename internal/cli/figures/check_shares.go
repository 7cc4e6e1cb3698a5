package figures

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"sync/atomic"

	"github.com/proxenos/proxenos/internal/checkfile"
	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/mapper"
)

func (k *checker) checkShares(ctx context.Context, c *checkfile.Check, r *result) error {
	load, err := measureLoad(ctx, k.std, k.placed, &k.keys)
	if err != nil {
		return err
	}
	most, _ := load.Imbalance()
	r.Note = fmt.Sprintf("%s, max/expected %.4f", k.amount(load.Keys), most)
	nodes := answer.Views(k.nodes, false)
	var v gateResult
	v.someKeys(load.Keys)
	if c.Shares.Max != nil {
		v.imbalance(load, nodes, *c.Shares.Max)
	}
	if c.Shares.Min != nil {
		v.shortage(load, nodes, *c.Shares.Min)
	}
	if c.Shares.MaxKeys != nil {
		v.crowding(load, nodes, *c.Shares.MaxKeys, k.amount)
	}
	r.takeFirst(c.Line, &v)
	return k.checkParts(c.Shares, load, r)
}

// shortage fails if a node has too few keys.
func (v *gateResult) shortage(load *compare.Load, nodes []answer.NodeView, least float64) {
	low, at := math.Inf(1), -1
	for i, fair := range load.Fair {
		if ratio := load.Ratio(i); fair > 0 && ratio < low {
			low, at = ratio, i
		}
	}
	if at >= 0 && low < least {
		v.failf("node %q has %.4f times its expected load; the minimum is %v", nodes[at].ID, low, least)
	}
}

// crowding fails if a node has more keys than most.
func (v *gateResult) crowding(load *compare.Load, nodes []answer.NodeView, most int64, amount func(keys int64) string) {
	for i, held := range load.Held {
		if held > most {
			v.failf("node %q has %s; the limit is %d", nodes[i].ID, amount(held), most)
		}
	}
}

// checkParts checks what single zones and nodes hold.
func (k *checker) checkParts(s *checkfile.Shares, load *compare.Load, r *result) error {
	zone, names := zonesOf(k.nodes)
	held := load.Sums(zone, len(names))
	for _, share := range s.Zones {
		i := slices.Index(names, share.Name)
		if i < 0 {
			return k.at(share.Line, unknownZone("shares of", share.Name, names))
		}
		k.checkShare("zone", share, held[i], load.Keys, r)
	}
	for _, share := range s.Nodes {
		i, err := nodeNamed(k.nodes, "shares of", share.Name)
		if err != nil {
			return k.at(share.Line, err)
		}
		k.checkShare("node", share, load.Held[i], load.Keys, r)
	}
	return nil
}

// unknownZone returns the error for a zone that no node is in.
func unknownZone(what, zone string, names []string) error {
	err := term.Usagef("%s %q: no node is in that zone", what, zone)
	if near := term.Nearest(zone, names[:min(manyNames, len(names))]); near != "" {
		return term.Hint(err, "did you mean %q?", near)
	}
	return term.Hint(err, "proxenos nodes lists the zones")
}

func (k *checker) checkShare(what string, s checkfile.Share, held, keys int64, r *result) {
	has := share(held, keys)
	if s.Max != nil && has > *s.Max {
		r.failf(s.Line, "%s %q has %s of the keys; the limit is %s", what, s.Name, term.Percent(has), term.Percent(*s.Max))
	}
	if s.Min != nil && has < *s.Min {
		r.failf(s.Line, "%s %q has %s of the keys; the minimum is %s", what, s.Name, term.Percent(has), term.Percent(*s.Min))
	}
	if s.MaxKeys != nil && held > *s.MaxKeys {
		r.failf(s.Line, "%s %q has %s; the limit is %d", what, s.Name, k.amount(held), *s.MaxKeys)
	}
	if s.MinKeys != nil && held < *s.MinKeys {
		r.failf(s.Line, "%s %q has %s; the minimum is %d", what, s.Name, k.amount(held), *s.MinKeys)
	}
}

// checkLoss checks the load of nodes after the loss of any node or zone.
func (k *checker) checkLoss(ctx context.Context, c *checkfile.Check, r *result) error {
	what, group := "node", compare.Singly(len(k.nodes))
	name := func(i int) string { return k.nodes[i].ID() }
	if c.LoadAfterLoss.Zone {
		zone, names := zonesOf(k.nodes)
		what, group, name = "zone", zone, func(i int) string { return names[i] }
	}
	load, losses, err := measureCapacity(ctx, k.std, k.placed, k.rankedKeys(), group)
	if err != nil {
		return err
	}
	r.Note = k.amount(load.Keys)
	var v gateResult
	if v.someKeys(load.Keys); len(losses) > 0 {
		r.Note += fmt.Sprintf(", worst loss %s", ratioText(finite(losses[0].Ratio)))
	}
	for _, loss := range losses {
		switch {
		case loss.Ratio <= c.LoadAfterLoss.Max:
		case loss.Heaviest < 0:
			v.failf("after the loss of %s %q no node is left", what, name(loss.Group))
		default:
			v.failf("after the loss of %s %q node %q has %.4f times its expected load; the limit is %v", what, name(loss.Group), k.nodes[loss.Heaviest].ID(), loss.Ratio, c.LoadAfterLoss.Max)
		}
	}
	r.takeFirst(c.Line, &v)
	return nil
}

// shownLosses limits the failures of a check that finds one for each node.
const shownLosses = 5

// takeFirst adds the first failures of gates, and the number of the others.
func (r *result) takeFirst(line int, v *gateResult) {
	if more := len(v.failures) - shownLosses; more > 0 {
		v.failures = v.failures[:shownLosses]
		v.failf("and %d more", more)
	}
	r.take(line, "", v)
}

// checkSpread counts the keys with replicas in too few zones.
func (k *checker) checkSpread(ctx context.Context, c *checkfile.Check, r *result) error {
	policy := zonePolicy(c.Spread.Policy, mapper.ZonePolicySpread)
	var keys, short atomic.Int64
	zones, _ := zonesOf(k.nodes)
	newCount := func() answer.CountBlock {
		var nodes []int
		replicas := replicas(k.placed, c.Spread.Replicas, policy)
		return func(dst []byte, block []string, weights []int64) []byte {
			replicas.Rank(block)
			for n := range block {
				weight := answer.WeightOf(weights, n)
				keys.Add(weight)
				if nodes = replicas.of(nodes[:0], n); distinct(nodes, zones) < c.Spread.Zones {
					short.Add(weight)
				}
			}
			return dst
		}
	}
	if err := k.rankedKeys().EachBlock(ctx, k.std, "spreading", newCount, "", io.Discard); err != nil {
		return err
	}
	r.Note = k.amount(keys.Load())
	var v gateResult
	v.someKeys(keys.Load())
	r.take(c.Line, "", &v)
	if part := share(short.Load(), keys.Load()); part > c.Spread.Except {
		r.failf(c.Line, "%s of the keys (%d of %d) have their %s in fewer than %d zones; the limit is %s",
			term.Percent(part), short.Load(), keys.Load(), term.Plural(c.Spread.Replicas, "replica"), c.Spread.Zones, term.Percent(c.Spread.Except))
	}
	return nil
}

// distinct counts the zones of a few nodes.
func distinct(nodes, zone []int) (count int) {
	for i, n := range nodes {
		seen := false
		for _, m := range nodes[:i] {
			seen = seen || zone[m] == zone[n]
		}
		if !seen {
			count++
		}
	}
	return count
}
