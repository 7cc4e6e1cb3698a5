package figures

import (
	"context"
	"errors"
	"fmt"

	"github.com/proxenos/proxenos/internal/checkfile"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/mapper"
)

// checkMovement runs the rounds one at a time. Only two placements are in memory,
// and those of the file.
func (k *checker) checkMovement(ctx context.Context, c *checkfile.Check, r *result) error {
	m := c.Movement
	gates := moveGates{moved: limit(m.MaxMoved), excess: limit(m.MaxExcess), copied: limit(m.MaxCopied), noSurvivors: m.NoSurvivorMoves}
	rounds, total, copied := 0, 0.0, 0.0
	err := k.eachRound(ctx, c, r, func(round round) error {
		moved, err := k.measureRound(ctx, m, round)
		if err != nil {
			return err
		}
		rounds++
		var v gateResult
		if gates.check(&v, moved); m.MaxTotal != nil && !gates.any() {
			v.someKeys(moved.Keys)
		}
		r.take(round.line, round.name+": ", &v)
		total += moved.Fraction(moved.Moved)
		if moved.Replicas > 0 {
			copied = max(copied, float64(moved.Copied)/float64(moved.Replicas))
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.Note = fmt.Sprintf("%s, %s moved", term.Plural(rounds, "round"), term.Percent(total))
	if m.MaxCopied != nil {
		r.Note += fmt.Sprintf(", at most %s copied", term.Percent(copied))
	}
	if most := m.MaxTotal; most != nil && total > *most {
		r.failf(c.Line, "%s of the keys move in all rounds together; the limit is %s", term.Percent(total), term.Percent(*most))
	}
	return nil
}

func (k *checker) measureRound(ctx context.Context, m *checkfile.Movement, round round) (*compare.Movement, error) {
	if m.MaxCopied == nil {
		return measureChange(ctx, k.std, round.before, round.after, &k.keys, nil)
	}
	return measureCopies(ctx, k.std, round.before, round.after, k.rankedKeys(), max(1, m.Replicas), zonePolicy(m.Policy, mapper.ZonePolicyAny))
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
	name          string
	before, after *place.Placement
}

// eachRound calls visit for every round: the change from before, the rounds of the
// list, each of which starts from the nodes after the round before, and the removal
// of each node from the nodes of the file.
func (k *checker) eachRound(ctx context.Context, c *checkfile.Check, r *result, visit func(round) error) error {
	count := 0
	next := func(line int, before, after *place.Placement) error {
		count++
		return visit(round{line, fmt.Sprintf("round %d", count), before, after})
	}
	if side := c.Movement.Before; side != nil {
		before, err := k.before(ctx, side)
		if err != nil {
			return err
		}
		if err := next(c.Line, before, k.placed); err != nil {
			return err
		}
	}
	last := k.placed
	for _, change := range c.Movement.Rounds {
		after, err := k.edited(last, change)
		if err != nil {
			return k.at(change.Line, err)
		}
		if err := next(change.Line, last, after); err != nil {
			return err
		}
		last = after
	}
	if c.Movement.EachRemoval {
		return k.eachRemoval(c, r, visit)
	}
	return nil
}

// eachRemoval calls visit for the removal of each node that is not drained.
func (k *checker) eachRemoval(c *checkfile.Check, r *result, visit func(round) error) error {
	for _, n := range k.nodes {
		if n.Capacity() == 0 {
			continue
		}
		name := fmt.Sprintf("without %q", n.ID())
		e := edits{remove: []string{n.ID()}}
		nodes, err := e.apply(k.nodes)
		if err != nil {
			return k.at(c.Line, err)
		}
		if !place.AnyEligible(nodes) {
			r.failf(c.Line, "%s: no node is left", name)
			continue
		}
		after, err := k.build(&k.placement, nodes)
		if err != nil {
			return k.at(c.Line, err)
		}
		if err := visit(round{c.Line, name, k.placed, after}); err != nil {
			return err
		}
	}
	return nil
}

// before builds the placement before the change. Settings that the side lacks are
// those of the check file, unless the side has an algorithm of its own.
func (k *checker) before(ctx context.Context, side *checkfile.Side) (*place.Placement, error) {
	nodes := k.nodes
	if side.Nodes.File != "" || side.Nodes.Inline != nil {
		var err error
		if nodes, err = k.folder.nodes(ctx, side.Nodes); err != nil {
			return nil, err
		}
	}
	if !place.AnyEligible(nodes) {
		return nil, k.at(side.Line, errors.New("before has no nodes to choose from"))
	}
	placement := place.Flags{Confined: k.folder.openSetting}
	settings := place.Settings(side.Settings).Or(place.Settings(k.file.Settings))
	if err := placement.Apply(settings, k.std); err != nil {
		return nil, k.at(side.Line, err)
	}
	if err := placement.SetLevels(k.file.Levels); err != nil {
		return nil, k.at(side.Line, err)
	}
	p, err := k.build(&placement, nodes)
	if err != nil {
		return nil, k.at(side.Line, err)
	}
	return p, nil
}

func (k *checker) edited(from *place.Placement, change checkfile.Round) (*place.Placement, error) {
	e := edits{add: change.Add, remove: change.Remove, reweight: change.Reweight}
	for _, zone := range change.RemoveZone {
		ids := idsIn(from.Nodes, zone)
		if len(ids) == 0 {
			_, names := zonesOf(from.Nodes)
			return nil, unknownZone("remove_zone", zone, names)
		}
		e.remove = append(e.remove[:len(e.remove):len(e.remove)], ids...)
	}
	nodes, err := e.apply(from.Nodes)
	if err != nil {
		return nil, err
	}
	if !place.AnyEligible(nodes) {
		return nil, errors.New("this round leaves no nodes to choose from")
	}
	return k.build(&k.placement, nodes)
}

// idsIn returns the IDs of the nodes of a zone.
func idsIn(nodes []mapper.Node, zone string) (ids []string) {
	for _, n := range nodes {
		if n.Zone == zone {
			ids = append(ids, n.ID())
		}
	}
	return ids
}
