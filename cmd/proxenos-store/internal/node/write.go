package node

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// Put stores a value. When it returns nil, every replica has it: as many nodes
// as there are to be replicas, or all nodes where there are fewer.
func (n *Node) Put(ctx context.Context, key string, value []byte) error {
	if err := checkSize(key, value); err != nil {
		return err
	}
	return n.write(ctx, kv.Entry{Stamp: kv.Stamp{Key: key}, Value: value})
}

// Delete deletes a key, which need not exist. It returns as Put does.
func (n *Node) Delete(ctx context.Context, key string) error {
	if err := checkSize(key, nil); err != nil {
		return err
	}
	return n.write(ctx, kv.Entry{Stamp: kv.Stamp{Key: key, Deleted: true}})
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

// write gives the entry a version and brings it to its replicas. If the members
// change meanwhile it goes to those of the new ones too, before anybody is told
// that it is safe: a node that joins reads what the others have after they know
// of it, so nothing slips between.
func (n *Node) write(ctx context.Context, e kv.Entry) error {
	n.Writes.Add(1)
	e.Version = kv.Version{Clock: n.clock.Tick(), Writer: n.cfg.Self}
	var acked acks
	for {
		p := n.known.Load()
		err := n.replicate(ctx, p, e, &acked)
		if err == nil && n.known.Load() == p {
			return nil
		}
		if err != nil && sleep(ctx, 50*time.Millisecond) != nil {
			n.Failures.Add(1)
			return err
		}
	}
}

// replicate brings the entry to the replicas now and next that do not have it.
func (n *Node) replicate(ctx context.Context, p *placement, e kv.Entry, acked *acks) error {
	if p.now.Len() == 0 {
		return fmt.Errorf("%w: no node serves yet", ErrUnavailable)
	}
	lines := []*line{p.line(p.now, e.Key)}
	if p.moving() {
		lines = append(lines, p.line(p.next, e.Key))
	}
	for _, l := range lines {
		got := l.reach(func(name string) error {
			if acked.has(name) {
				return nil
			}
			err := n.call(ctx, name, func(ctx context.Context, peer Peer) error { return peer.Keep(ctx, []kv.Entry{e}) })
			acked.add(name, err)
			return err
		})
		if got < l.want() {
			return fmt.Errorf("%w: %d of %d acknowledged: %w", ErrUnavailable, got, l.want(), acked.failure())
		}
	}
	return nil
}

// acks is the set of nodes that have an entry, and why another has not.
type acks struct {
	mu     sync.Mutex
	names  map[string]bool
	failed error
}

func (a *acks) has(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.names[name]
}

// add notes what became of a call.
func (a *acks) add(name string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		a.failed = fmt.Errorf("%s: %w", name, err)
		return
	}
	if a.names == nil {
		a.names = map[string]bool{}
	}
	a.names[name] = true
}

// failure returns why the last call that failed did.
func (a *acks) failure() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return cmp.Or(a.failed, errNobody)
}

// sleep waits unless the context ends before that.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
