package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// Put stores a value. When it returns nil every replica has it: Config.Replicas
// nodes, or all nodes if there are fewer.
func (n *Node) Put(ctx context.Context, key string, value []byte) error {
	return n.write(ctx, kv.Entry{Version: kv.Version{Key: key}, Value: value})
}

// Delete writes a tombstone for a key, which need not exist. It returns as Put does.
func (n *Node) Delete(ctx context.Context, key string) error {
	return n.write(ctx, kv.Entry{Version: kv.Version{Key: key, Deleted: true}})
}

func checkSize(key string, value []byte) error {
	switch {
	case len(key) > MaxKey:
		return fmt.Errorf("%w: the key has %d bytes, and the limit is %d", ErrTooLarge, len(key), MaxKey)
	case len(value) > MaxValue:
		return fmt.Errorf("%w: the value has %d bytes, and the limit is %d", ErrTooLarge, len(value), MaxValue)
	default:
		return nil
	}
}

// retryRequest is the pause before a failed request is tried again, and
// retryOutdated the longest pause before a write with an outdated timestamp is.
const (
	retryRequest  = 50 * time.Millisecond
	retryOutdated = 5 * time.Millisecond
)

// write writes the entry to its replicas.
//
// The first replica orders the writes to a key. If it has a newer version, as when
// the clock of this node is slow, the entry gets a timestamp after that version. So
// an acknowledged write is newer than every write that was acknowledged before it,
// whatever the clocks of the nodes, as long as the same replica is the first.
//
// If the membership changes meanwhile, write also writes to the new owners before it
// acknowledges. A joining node copies its keys after every member knows of it, so it
// either is written to or copies the entry.
func (n *Node) write(ctx context.Context, e kv.Entry) error {
	if err := checkSize(e.Key, e.Value); err != nil {
		return err
	}
	n.Writes.Add(1)
	a := n.newAttempt(e)
	for err := error(nil); ; {
		if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
			n.Failures.Add(1) // as after a stop of this process: the client has given up
			return cmp.Or(err, fmt.Errorf("%w: the request has expired", ErrUnavailable))
		}
		p := n.current()
		err = n.replicate(ctx, p, a)
		if err == nil && n.current() == p {
			for _, owner := range a.missing(p) {
				n.hints.add(owner, a.entry)
			}
			return nil
		}
		pause := retryRequest
		if errors.Is(err, errOutdated) {
			if err := n.clock.Observe(a.newest.Clock); err != nil {
				n.Failures.Add(1)
				return fmt.Errorf("a replica has a newer version: %w", err)
			}
			a = n.newAttempt(e)
			pause = rand.N(retryOutdated)
		}
		if errors.Is(err, kv.ErrAhead) {
			n.undo(a)
		} else if err == nil || sleep(ctx, pause) == nil {
			continue
		}
		n.Failures.Add(1)
		return err
	}
}

// undo restores what this node stored before it wrote an entry that other nodes
// refused for its time.
func (n *Node) undo(a *attempt) {
	err := n.cfg.Engine.Remove([]kv.Version{a.entry.Version}, false)
	if err == nil && a.before.Clock != 0 {
		_, err = n.cfg.Engine.Merge([]kv.Entry{a.before})
	}
	if err != nil {
		n.logDiskFailure(err)
	}
}

// replicate writes the entry to the natural and the pending replicas that have not
// acknowledged it: to the first one, and then to the others at the same time.
func (n *Node) replicate(ctx context.Context, p *placement, a *attempt) error {
	if p.natural.Len() == 0 {
		return fmt.Errorf("%w: no node serves yet", ErrUnavailable)
	}
	natural := p.preferenceList(p.natural, a.entry.Key)
	if quorum := natural.quorum(); quorum < n.cfg.MinCopies {
		return fmt.Errorf("%w: too few serving nodes (%d) for the required copies (%d)", ErrUnavailable, quorum, n.cfg.MinCopies)
	}
	keep := func(name string) error { return n.keep(ctx, a, name) }
	first := ""
	got := natural.call(1, func(name string) error {
		ctx, cancel := context.WithTimeout(ctx, n.cfg.Call/2) // leaves time for substitutes
		defer cancel()
		first = name
		return n.keep(ctx, a, name)
	})
	if got == 0 {
		return a.unavailable(0, natural.quorum())
	}
	if a.first == "" && a.isOutdated() {
		return errOutdated
	}
	a.first = cmp.Or(a.first, first)
	if got += natural.call(natural.quorum()-1, keep); got < natural.quorum() {
		return a.unavailable(got, natural.quorum())
	}
	if p.changing() {
		pending := p.preferenceList(p.pending, a.entry.Key)
		if got := pending.call(pending.quorum(), keep); got < pending.quorum() {
			return a.unavailable(got, pending.quorum())
		}
	}
	n.retryOwners(ctx, p, a)
	if a.isOutdated() {
		return n.checkSuperseded(ctx, a)
	}
	return nil
}

// retryOwners writes the entry to the owners that did not answer, if that was some time
// ago. They may be back, and readers call them before the nodes that stood in for them.
func (n *Node) retryOwners(ctx context.Context, p *placement, a *attempt) {
	if time.Since(a.began) > retryRequest {
		ctx, cancel := context.WithTimeout(ctx, n.cfg.Call/4)
		defer cancel()
		parallel(a.missing(p), func(name string) { _ = n.keep(ctx, a, name) })
	}
}

// checkSuperseded returns nil if the entry is not lost but superseded by a concurrent
// write: the replica that was the first to accept the entry received any version that it
// now has after the entry. Another newer version was written while that replica was
// unreachable, or before the clock of its writer was set back.
func (n *Node) checkSuperseded(ctx context.Context, a *attempt) error {
	newer, err := n.keepAt(ctx, a.first, a.entry)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if len(newer) > 0 && newer[0].Compare(a.newest.Timestamp) >= 0 {
		return nil
	}
	return errOutdated
}

// keep writes the entry to a node, unless that has acknowledged it.
func (n *Node) keep(ctx context.Context, a *attempt, name string) error {
	if a.has(name) {
		return nil
	}
	if name == n.cfg.Self {
		var err error
		if a.before, _, err = n.cfg.Engine.Get(a.entry.Key); err != nil {
			a.add(name, kv.Entry{}, fmt.Errorf("%s: %w", name, diskError(err)))
			return err
		}
	}
	newer, err := n.keepAt(ctx, name, a.entry)
	n.checkClock(name, err)
	var e kv.Entry
	if len(newer) > 0 {
		e.Version = newer[0]
	}
	a.add(name, e, err)
	return err
}

// errOutdated means that a replica has a version that is newer than the entry, and
// may be of a write that was acknowledged before.
var errOutdated = fmt.Errorf("%w: other writes kept superseding this one", ErrUnavailable)

// attempt is an entry with a timestamp, and the replies of the nodes it was written to:
// their versions that are newer.
type attempt struct {
	entry  kv.Entry
	before kv.Entry // what this node stored before
	first  string   // the first replica that accepted the entry
	began  time.Time
	replies
}

func (n *Node) newAttempt(e kv.Entry) *attempt {
	e.Timestamp = kv.Timestamp{Clock: n.clock.Tick(), Writer: n.cfg.Self}
	return &attempt{entry: e, began: time.Now()}
}

// missing returns the owners that have not acknowledged the entry.
func (a *attempt) missing(p *placement) []string {
	return slices.DeleteFunc(p.owners(a.entry.Key), a.has)
}

func (a *attempt) isOutdated() bool { return a.newest.Newer(a.entry.Version) }
