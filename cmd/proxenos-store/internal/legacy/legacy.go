// Package legacy implements a node of the store of thrifty-p2p (2009). Each key has
// one copy, at its owner on the ring of 2009. Nodes hand keys over to a node that
// joins and when they leave. The node makes the same calls in the same order as
// the original, so both can form one network.
//
// Unlike the original it does not lose a value whose owner is unreachable: the
// value goes to the next owner. A node that crashes still loses its keys.
package legacy

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator"
	"github.com/proxenos/proxenos/ring"
)

// Node serves the calls of the store. The embedded server serves those of the
// location service.
type Node struct {
	*locator.Server
	out io.Writer // receives a line per event, as the original printed them

	mu    sync.Mutex
	items map[string]string
}

// Listen binds the port of a node. The node prints its events to out, as the
// original did.
func Listen(ctx context.Context, cfg locator.Config, out io.Writer) (*Node, error) {
	n := &Node{out: out, items: map[string]string{}}
	cfg.Legacy = true
	cfg.Algorithm = hashRing
	cfg.Added = n.added
	cfg.Leaving = n.leaving
	var err error
	n.Server, err = locator.Listen(ctx, cfg)
	return n, err
}

// Serve runs the node until the context ends, and then hands its keys over.
func (n *Node) Serve(ctx context.Context) error {
	return n.Server.Serve(ctx, peerwire.NewStoreProcessor(n))
}

// hashRing places keys on the ring of 2009.
func hashRing(nodes []mapper.Node) (locator.Locate, error) {
	r, err := ring.New(nodes, ring.Config[mapper.Node]{ID: mapper.Node.ID, Layout: ring.HashRing()})
	if err != nil {
		return nil, err
	}
	return r.Select, nil
}

// store returns a generated client of a member for one call.
func (n *Node) store(node mapper.Node) *peerwire.StoreClient {
	return peerwire.NewStoreClient(n.Client(node).Caller)
}

// Get returns the value of a key from its owner, or the empty string.
func (n *Node) Get(ctx context.Context, key string) (value string, err error) {
	err = n.atOwner(key, func(owner mapper.Node) (err error) {
		if owner.Name == n.Self().Name {
			value = n.find(key)
			return nil
		}
		value, err = n.store(owner).Get(ctx, key)
		return err
	})
	return value, err
}

// Put stores a value at the owner of the key.
func (n *Node) Put(ctx context.Context, key, value string) error {
	return n.atOwner(key, func(owner mapper.Node) error {
		if owner.Name == n.Self().Name {
			n.keep(key, value)
			return nil
		}
		return n.store(owner).Put(ctx, key, value)
	})
}

// atOwner calls f with the owner of a key. If f fails it drops that member and
// calls f with the next owner, until no member is left. As in 2009 the caller does
// not receive the error: the connection closes.
func (n *Node) atOwner(key string, f func(owner mapper.Node) error) error {
	for {
		owner, ok := n.Owner(key)
		if !ok {
			return thrift.ErrAbandonRequest
		}
		err := f(owner)
		if err == nil {
			return nil
		}
		if owner.Name == n.Self().Name {
			return thrift.ErrAbandonRequest
		}
		n.Unreachable(owner, err)
	}
}

func (n *Node) find(key string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	value, ok := n.items[key]
	if ok {
		n.print("found", key)
	}
	return value
}

func (n *Node) keep(key, value string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.items[key] = value
	n.print("received", key)
}

// drop removes a key that was handed over, unless it was written meanwhile.
func (n *Node) drop(key, value string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.items[key] == value {
		delete(n.items, key)
		n.print("dropped", key)
	}
}

func (n *Node) print(event, key string) { fmt.Fprintf(n.out, "%s %q\n", event, key) }

// snapshot returns a copy of the items, to be sent without the lock.
func (n *Node) snapshot() map[string]string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.items)
}

// A node of 2009 listens only some time after it was added. A call to a new member
// is tried several times, with twice the wait after each.
const (
	firstWait = 10 * time.Millisecond
	tries     = 8
)

// added hands over the keys that a new member owns.
func (n *Node) added(ctx context.Context, member mapper.Node) {
	time.Sleep(firstWait) // as in 2009
	items := n.snapshot()
	for _, key := range slices.Sorted(maps.Keys(items)) {
		if owner, ok := n.Owner(key); !ok || owner.Name != member.Name {
			continue
		}
		if err := n.putAt(ctx, member, key, items[key]); err != nil {
			fmt.Fprintf(n.out, "kept %q: %v\n", key, err)
			return
		}
		n.drop(key, items[key])
	}
}

// putAt stores an item at a member, which may not listen yet.
func (n *Node) putAt(ctx context.Context, member mapper.Node, key, value string) (err error) {
	for wait, try := firstWait, 0; try < tries && ctx.Err() == nil; wait, try = 2*wait, try+1 {
		if err = n.store(member).Put(ctx, key, value); err == nil {
			return nil
		}
		time.Sleep(wait)
	}
	return err
}

// leaving hands all keys over. Each new owner first receives the removal of this
// node, as it would send the items back otherwise. The ping returns once the owner
// has processed the removal. It reports whether a member was informed.
func (n *Node) leaving(ctx context.Context) (informed bool) {
	removed := map[string]bool{}
	items := n.snapshot()
	for _, key := range slices.Sorted(maps.Keys(items)) {
		if items[key] == "" {
			continue // the empty value means no value
		}
		err := n.atOwner(key, func(owner mapper.Node) error {
			client := n.Client(owner)
			if !removed[owner.Name] {
				if err := client.Remove(ctx, n.Self(), []mapper.Node{n.Self()}); err != nil {
					return err
				}
				removed[owner.Name] = true
			}
			if err := client.Ping(ctx); err != nil {
				return err
			}
			return n.store(owner).Put(ctx, key, items[key])
		})
		if err != nil {
			fmt.Fprintf(n.out, "lost %q: no other node\n", key)
		}
	}
	return len(removed) > 0
}
