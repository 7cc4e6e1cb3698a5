package node

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// Put stores a value. When it returns nil every replica has it: Config.Replicas
// nodes, or all nodes if there are fewer.
func (n *Node) Put(ctx context.Context, key string, value []byte) error {
	if err := checkSize(key, value); err != nil {
		return err
	}
	return n.write(ctx, kv.Entry{Version: kv.Version{Key: key}, Value: value})
}

// Delete writes a tombstone for a key, which need not exist. It returns as Put does.
func (n *Node) Delete(ctx context.Context, key string) error {
	if err := checkSize(key, nil); err != nil {
		return err
	}
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

// retryRequest is the pause before a write or read is tried again.
const retryRequest = 50 * time.Millisecond

// write gives the entry a timestamp and replicates it. If the membership changes
// meanwhile, it also writes to the new owners before it acknowledges. A joining
// node copies its keys after every member knows of it, so it either is written to
// or copies the entry.
func (n *Node) write(ctx context.Context, e kv.Entry) error {
	n.Writes.Add(1)
	e.Timestamp = kv.Timestamp{Clock: n.clock.Tick(), Writer: n.cfg.Self}
	var acked acks
	for {
		p := n.current.Load()
		err := n.replicate(ctx, p, e, &acked)
		if err == nil && n.current.Load() == p {
			return nil
		}
		if err != nil && sleep(ctx, retryRequest) != nil {
			n.Failures.Add(1)
			return err
		}
	}
}

// replicate writes the entry to the natural and the pending replicas that have
// not acknowledged it.
func (n *Node) replicate(ctx context.Context, p *placement, e kv.Entry, acked *acks) error {
	if p.natural.Len() == 0 {
		return fmt.Errorf("%w: no node serves yet", ErrUnavailable)
	}
	lists := []*preferenceList{p.preferenceList(p.natural, e.Key)}
	if p.changing() {
		lists = append(lists, p.preferenceList(p.pending, e.Key))
	}
	for _, l := range lists {
		got := l.call(func(name string) error {
			if acked.has(name) {
				return nil
			}
			err := n.call(ctx, name, func(ctx context.Context, peer Peer) error { return peer.Keep(ctx, []kv.Entry{e}) })
			acked.add(name, err)
			return err
		})
		if got < l.quorum() {
			return fmt.Errorf("%w: %d of %d acknowledged: %w", ErrUnavailable, got, l.quorum(), acked.failure())
		}
	}
	return nil
}

// acks collects the nodes that acknowledged an entry, and the last failure.
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

// add records the result of a call.
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

// failure returns the error of the last call that failed.
func (a *acks) failure() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return cmp.Or(a.failed, errNoReplica)
}
