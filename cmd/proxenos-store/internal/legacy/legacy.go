// Package legacy is a node of the store of 2009: one copy of each key, at the
// node that owns it on the ring of 2009, handed over to those who join and on a
// clean exit. It is an equal peer of the original's nodes and makes the calls
// that they make, in their order.
//
// What the original lost where it need not, this does not: a value whose owner
// turns out to be unreachable goes to the next one, here and when the node
// leaves. A node that dies still takes its keys with it.
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

// Node is the handler of the store's calls. The embedded server answers those of
// the location service.
type Node struct {
	*locator.Server
	say io.Writer

	mu    sync.Mutex
	items map[string]string
}

// Listen takes a port for a node of a network of 2009. It says what it does as
// the original did.
func Listen(ctx context.Context, cfg locator.Config, say io.Writer) (*Node, error) {
	n := &Node{say: say, items: map[string]string{}}
	cfg.Legacy = true
	cfg.Algorithm = circle
	cfg.Added = n.added
	cfg.Leaving = n.leaving
	var err error
	n.Server, err = locator.Listen(ctx, cfg)
	return n, err
}

// Serve is a node until the context ends, and then hands its keys over.
func (n *Node) Serve(ctx context.Context) error {
	return n.Server.Serve(ctx, peerwire.NewStoreProcessor(n))
}

// circle is the ring of 2009.
func circle(nodes []mapper.Node) (locator.Locate, error) {
	r, err := ring.New(nodes, ring.Config[mapper.Node]{ID: mapper.Node.ID, Layout: ring.HashRing()})
	if err != nil {
		return nil, err
	}
	return r.Select, nil
}

// store returns a generated client of a member, for one call.
func (n *Node) store(node mapper.Node) *peerwire.StoreClient {
	return peerwire.NewStoreClient(n.Client(node).Caller)
}

// Get returns the value of a key, or nothing, from whoever owns it.
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

// Put stores a value at whoever owns the key.
func (n *Node) Put(ctx context.Context, key, value string) error {
	return n.atOwner(key, func(owner mapper.Node) error {
		if owner.Name == n.Self().Name {
			n.keep(key, value)
			return nil
		}
		return n.store(owner).Put(ctx, key, value)
	})
}

// atOwner calls f with the owner of a key. If that cannot be reached it is
// dropped, and the next owner's turn comes. As a member is lost each time, this
// ends; errors are not told to the peer, as in 2009.
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
		n.Unreachable(owner)
	}
}

func (n *Node) find(key string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	value, ok := n.items[key]
	if ok {
		n.tell("found", key)
	}
	return value
}

func (n *Node) keep(key, value string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.items[key] = value
	n.tell("received", key)
}

// drop forgets a key that was handed over, unless it was written again meanwhile.
func (n *Node) drop(key, value string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.items[key] == value {
		delete(n.items, key)
		n.tell("dropped", key)
	}
}

// tell says what happened to a key; it is quoted, as anybody may have chosen it.
func (n *Node) tell(what, key string) { fmt.Fprintf(n.say, "%s %q\n", what, key) }

// held returns what this node holds: a copy, so that no lock is held while it is
// sent.
func (n *Node) held() map[string]string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.items)
}

// Times to wait for a node that joins: one of 2009 listens only some time after
// it was added.
const (
	firstWait = 10 * time.Millisecond
	waits     = 8
)

// added hands over what a new member owns.
func (n *Node) added(ctx context.Context, member mapper.Node) {
	time.Sleep(firstWait) // as in 2009
	items := n.held()
	for _, key := range slices.Sorted(maps.Keys(items)) {
		if owner, ok := n.Owner(key); !ok || owner.Name != member.Name {
			continue
		}
		if err := n.give(ctx, member, key, items[key]); err != nil {
			fmt.Fprintf(n.say, "kept %q: %v\n", key, err)
			return
		}
		n.drop(key, items[key])
	}
}

// give puts one item at a member, waiting for it to listen.
func (n *Node) give(ctx context.Context, member mapper.Node, key, value string) (err error) {
	for wait, try := firstWait, 0; try < waits && ctx.Err() == nil; wait, try = 2*wait, try+1 {
		if err = n.store(member).Put(ctx, key, value); err == nil {
			return nil
		}
		time.Sleep(wait)
	}
	return err
}

// leaving hands everything over. The first thing that a new owner hears is that
// this node is gone, or it would send the items back; the ping waits until it is
// done with that.
func (n *Node) leaving(ctx context.Context) (told bool) {
	informed := map[string]bool{}
	items := n.held()
	for _, key := range slices.Sorted(maps.Keys(items)) {
		if items[key] == "" {
			continue // the same as nothing, in 2009
		}
		err := n.atOwner(key, func(owner mapper.Node) error {
			client := n.Client(owner)
			if !informed[owner.Name] {
				if err := client.Remove(ctx, n.Self(), []mapper.Node{n.Self()}); err != nil {
					return err
				}
				informed[owner.Name] = true
			}
			if err := client.Ping(ctx); err != nil {
				return err
			}
			return n.store(owner).Put(ctx, key, items[key])
		})
		if err != nil {
			fmt.Fprintf(n.say, "lost %q: nobody is left to take it\n", key)
		}
	}
	return len(informed) > 0
}

var _ peerwire.Store = (*Node)(nil)
