package figures

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync/atomic"

	"github.com/proxenos/proxenos/internal/checkfile"
	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/internal/report"
	"github.com/proxenos/proxenos/mapper"
)

// result is the result of a running check.
type result struct{ report.Result }

// failf adds a failure. It escapes the message for logs.
func (r *result) failf(line int, format string, args ...any) {
	r.Failures = append(r.Failures, report.Failure{Line: line, Message: term.Escape(fmt.Sprintf(format, args...))})
}

// take adds the failures of gates.
func (r *result) take(line int, prefix string, v *gateResult) {
	for _, f := range v.failures {
		r.failf(line, "%s%s", prefix, f)
	}
}

func (k *checker) check(ctx context.Context, c *checkfile.Check, r *result) error {
	if c.MinNodes != nil {
		k.checkCount(c, r)
		return nil
	}
	if k.placed == nil {
		r.failf(c.Line, "%v", k.noNodes())
		return nil
	}
	switch {
	case c.Pins != nil:
		k.checkPins(c, r)
		return nil
	case c.Shares != nil:
		return k.checkShares(ctx, c, r)
	case c.Movement != nil:
		return k.checkMovement(ctx, c, r)
	default:
		return k.checkSpread(ctx, c, r)
	}
}

func (k *checker) checkCount(c *checkfile.Check, r *result) {
	r.Note = plural(place.Eligible(k.nodes), "node")
	if n := place.Eligible(k.nodes); n < *c.MinNodes {
		r.failf(c.Line, "%d nodes are not drained; the minimum is %d", n, *c.MinNodes)
	}
}

func (k *checker) checkPins(c *checkfile.Check, r *result) {
	r.Note = plural(len(c.Pins), "pin")
	for _, pin := range c.Pins {
		i, _ := k.placed.Select(pin.Key) // a node is eligible
		switch owner := k.nodes[i].ID(); pin.Node {
		case owner:
		case "":
			r.failf(pin.Line, "key %q belongs to %q, but its pin is not recorded; --update records it", pin.Key, owner)
		default:
			r.failf(pin.Line, "key %q belongs to %q, but is pinned to %q", pin.Key, owner, pin.Node)
		}
	}
}

func (k *checker) checkShares(ctx context.Context, c *checkfile.Check, r *result) error {
	load, err := measureLoad(ctx, k.std, k.placed, &k.keys)
	if err != nil {
		return err
	}
	most, _ := load.Imbalance()
	r.Note = fmt.Sprintf("%d keys, max/expected %.4f", load.Keys, most)
	var v gateResult
	v.someKeys(load.Keys)
	if c.Shares.Max != nil {
		v.imbalance(load, answer.Views(k.nodes, false), *c.Shares.Max)
	}
	if c.Shares.Min != nil {
		v.shortage(load, answer.Views(k.nodes, false), *c.Shares.Min)
	}
	r.take(c.Line, "", &v)
	for _, s := range c.Shares.Nodes {
		if err := k.checkShare(s, load, r); err != nil {
			return err
		}
	}
	return nil
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

func (k *checker) checkShare(s checkfile.Share, load *compare.Load, r *result) error {
	i, err := nodeNamed(k.nodes, "shares of", s.Node)
	if err != nil {
		return k.at(s.Line, err)
	}
	has := share(load.Held[i], load.Keys)
	if s.Max != nil && has > *s.Max {
		r.failf(s.Line, "node %q has %s of the keys; the limit is %s", s.Node, term.Percent(has), term.Percent(*s.Max))
	}
	if s.Min != nil && has < *s.Min {
		r.failf(s.Line, "node %q has %s of the keys; the minimum is %s", s.Node, term.Percent(has), term.Percent(*s.Min))
	}
	return nil
}

// at prefixes an error with the check file and a line.
func (k *checker) at(line int, err error) error {
	return fileFault(fmt.Sprintf("%s:%d", k.folder.name, line), err)
}

// fileFault turns a usage error into an error of a file, which has another exit
// code.
func fileFault(name string, err error) error {
	return term.Hint(fmt.Errorf("%s: %s", name, err.Error()), "%s", term.HintOf(err))
}

// checkMovement runs the rounds. Each starts from the nodes after the round before.
func (k *checker) checkMovement(ctx context.Context, c *checkfile.Check, r *result) error {
	rounds, err := k.rounds(ctx, c)
	if err != nil {
		return err
	}
	gates := moveGates{moved: limit(c.Movement.MaxMoved), excess: limit(c.Movement.MaxExcess), noSurvivors: c.Movement.NoSurvivorMoves}
	total := 0.0
	for i, round := range rounds {
		m, err := measureChange(ctx, k.std, round.before, round.after, &k.keys, nil)
		if err != nil {
			return err
		}
		var v gateResult
		if gates.check(&v, m); c.Movement.MaxTotal != nil && !gates.any() {
			v.someKeys(m.Keys)
		}
		r.take(round.line, fmt.Sprintf("round %d: ", i+1), &v)
		total += m.Fraction(m.Moved)
	}
	r.Note = fmt.Sprintf("%s, %s moved", plural(len(rounds), "round"), term.Percent(total))
	if most := c.Movement.MaxTotal; most != nil && total > *most {
		r.failf(c.Line, "%s of the keys move in all rounds together; the limit is %s", term.Percent(total), term.Percent(*most))
	}
	return nil
}

func limit(x *float64) term.Fraction {
	if x == nil {
		return term.Fraction{}
	}
	return term.Fraction{Value: *x, Given: true}
}

// round is a change of the nodes, and its line in the check file.
type round struct {
	line          int
	before, after *place.Placement
}

func (k *checker) rounds(ctx context.Context, c *checkfile.Check) (rounds []round, err error) {
	if c.Movement.Before != "" {
		first, err := k.before(ctx, c)
		if err != nil {
			return nil, err
		}
		rounds = append(rounds, round{c.Line, first, k.placed})
	}
	last := k.placed
	for _, change := range c.Movement.Rounds {
		next, err := k.edited(last, change)
		if err != nil {
			return nil, k.at(change.Line, err)
		}
		rounds = append(rounds, round{change.Line, last, next})
		last = next
	}
	return rounds, nil
}

// before builds the placement on the nodes before the change.
func (k *checker) before(ctx context.Context, c *checkfile.Check) (*place.Placement, error) {
	list, err := k.folder.list(c.Movement.Before)
	if err != nil {
		return nil, err
	}
	nodes, err := list.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	if !place.AnyEligible(nodes) {
		return nil, k.at(c.Line, fmt.Errorf("%q has no nodes to choose from", c.Movement.Before))
	}
	return k.placement.Build(nodes)
}

func (k *checker) edited(from *place.Placement, change checkfile.Round) (*place.Placement, error) {
	e := edits{add: change.Add, remove: change.Remove, reweight: change.Reweight}
	nodes, err := e.apply(from.Nodes)
	if err != nil {
		return nil, err
	}
	if !place.AnyEligible(nodes) {
		return nil, errors.New("this round leaves no nodes to choose from")
	}
	return k.placement.Build(nodes)
}

// checkSpread counts the keys with replicas in too few zones.
func (k *checker) checkSpread(ctx context.Context, c *checkfile.Check, r *result) error {
	policy := mapper.ZonePolicySpread
	if c.Spread.Policy != "" {
		var err error
		if policy, err = mapper.ParseZonePolicy(c.Spread.Policy); err != nil {
			return k.at(c.Line, err)
		}
	}
	var keys, short atomic.Int64
	zones, _ := zonesOf(k.nodes)
	newCount := func() func([]byte, string) []byte {
		var replicas []int
		zoneOf := func(i int) string { return k.nodes[i].Zone }
		return func(dst []byte, key string) []byte {
			keys.Add(1)
			replicas, _ = mapper.Spread(replicas[:0], k.placed.Rank(key), c.Spread.Replicas, zoneOf, policy)
			if distinct(replicas, zones) < c.Spread.Zones {
				short.Add(1)
			}
			return dst
		}
	}
	if err := k.spreadKeys().Each(ctx, k.std, "spreading", newCount, "", io.Discard); err != nil {
		return err
	}
	r.Note = fmt.Sprintf("%d keys", keys.Load())
	var v gateResult
	v.someKeys(keys.Load())
	r.take(c.Line, "", &v)
	if part := share(short.Load(), keys.Load()); part > c.Spread.Except {
		r.failf(c.Line, "%s of the keys (%d of %d) have their %d replicas in fewer than %d zones; the limit is %s",
			term.Percent(part), short.Load(), keys.Load(), c.Spread.Replicas, c.Spread.Zones, term.Percent(c.Spread.Except))
	}
	return nil
}

// spreadKeys returns fewer sample keys than other checks use, because ranking is
// slow, and all keys of a file.
func (k *checker) spreadKeys() *answer.Keys {
	keys := k.keys
	keys.Sample = min(keys.Sample, rankedKeys(len(k.nodes)))
	return &keys
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

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
