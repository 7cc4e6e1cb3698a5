package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// clockMemory is how long a disagreement of clocks counts after it was last seen.
const clockMemory = time.Minute

// checkClock records an error that says that the clocks of this node and another
// member differ too much, and logs it once. The error tells both clocks. It cannot tell
// which clock is wrong, but if this node disagrees with most others, its own is.
func (n *Node) checkClock(name string, err error) {
	if !errors.Is(err, kv.ErrAhead) || name == n.cfg.Self || n.current().state(name) == "" {
		return
	}
	last, known := n.disagree.Swap(name, time.Now())
	if !known || time.Since(last.(time.Time)) > clockMemory {
		n.cfg.Log.Error("the clocks of this node and another differ too much", "node", name, "err", err)
	}
}

// compareClocks compares the clock of this node with those of the others, and returns
// how many of them agree.
func (n *Node) compareClocks(ctx context.Context) (agree, others int) {
	var same atomic.Int64
	names := n.others(n.current())
	parallel(names, func(name string) {
		view, err := n.viewOf(ctx, name)
		now := n.cfg.Now()
		switch {
		case err != nil:
		case now.Sub(view.Clock).Abs() <= kv.MaxAhead:
			n.disagree.Delete(name)
			same.Add(1)
		default:
			n.checkClock(name, fmt.Errorf("%w: clock %s, local clock %s", kv.ErrAhead, view.Clock.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339)))
		}
	})
	return int(same.Load()), len(names)
}

// Ready returns nil if this node serves, and if its clock agrees with those of at
// least half of the other members.
func (n *Node) Ready() error {
	p := n.current()
	if state := p.state(n.cfg.Self); state != StateServing {
		return errors.New(state)
	}
	return n.clockError()
}

// clockError returns an error if the clock of this node differs from most others.
func (n *Node) clockError() error {
	others, differ := n.others(n.current()), 0
	for _, name := range others {
		if at, ok := n.disagree.Load(name); ok && time.Since(at.(time.Time)) < clockMemory {
			differ++
		}
	}
	if 2*differ > len(others) {
		return fmt.Errorf("the clock differs too much from those of other nodes (%d of %d)", differ, len(others))
	}
	return nil
}

// setAside removes entries whose versions are too far ahead of the clock of this
// node from its data, and lists them in the log. They were written by a node with a
// wrong clock, and would hide all later writes. It keeps them, and done is false, if
// most clocks differ from that of this node, which is then wrong.
func (n *Node) setAside(ctx context.Context, versions []kv.Version) (done bool, err error) {
	if len(versions) == 0 {
		return true, nil
	}
	if agree, others := n.compareClocks(ctx); 2*agree < others {
		return false, nil
	}
	// The clock may have been wrong when they were found, and set right since.
	versions = slices.DeleteFunc(versions, func(v kv.Version) bool { return !n.clock.IsAhead(v.Clock) })
	if err := n.cfg.Engine.Remove(versions, true); err != nil {
		return false, err
	}
	const listed = 10
	for _, v := range versions[:min(len(versions), listed)] {
		n.cfg.Log.Error("set aside an entry with a time too far ahead", "key", v.Key, "time", kv.Time(v.Clock).UTC(), "clock", n.cfg.Now().UTC(), "writer", v.Writer)
	}
	if more := len(versions) - listed; more > 0 {
		n.cfg.Log.Error("set aside more entries with times too far ahead", "entries", more)
	}
	return true, nil
}

// scanClocks returns the versions that are too far ahead, and observes the newest of
// the others.
func (n *Node) scanClocks() (ahead []kv.Version, err error) {
	var newest uint64
	for bucket := range kv.Buckets {
		versions, err := kv.Versions(n.cfg.Engine, bucket)
		if err != nil {
			return nil, err
		}
		for _, v := range versions {
			if n.clock.IsAhead(v.Clock) {
				ahead = append(ahead, v)
			} else {
				newest = max(newest, v.Clock)
			}
		}
	}
	return ahead, n.clock.Observe(newest)
}
