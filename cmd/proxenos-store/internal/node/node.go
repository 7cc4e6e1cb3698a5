// Package node implements one node of the replicated store. Read it in this order:
//
//   - membership, placement, preference: the members that own a key, before and
//     after a change of membership completes
//   - write, read: how the node that receives a request coordinates it
//   - replica: how a node answers calls of other nodes from its own data
//   - join: how a node copies its keys before it is read from, and hands them over
//     before it leaves
//   - repair, push: how replicas that differ converge
//   - hint: how owners that were away get what they missed
//   - clockcheck, absence: what happens if the clocks of nodes differ too much, or
//     a node was away for longer than deletions are remembered
//
// The package knows neither the wire protocol nor how members find each other:
// other nodes are a [Peer], and membership is a [Cluster].
package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/mapper"
)

// Config describes a node. A zero duration means the default.
type Config struct {
	// Self is the name of this node: the host:port that it serves at.
	Self string
	// Replicas is how many nodes store each key: 2 by default. It must be the
	// same at every node of a cluster.
	Replicas int
	// MinCopies is how many nodes must store a write for it to succeed, even if
	// the cluster has fewer nodes than replicas: 1 by default.
	MinCopies int
	Engine    kv.Engine
	Cluster   Cluster
	// Dial returns the peer of a name. It does not connect.
	Dial func(name string) Peer
	// First means that this node starts a new cluster: there is nothing to
	// copy, and it serves at once.
	First bool
	// Alone has this node start to serve if it finds no other member for as long
	// as Settle.
	Alone bool
	// Ready, if not nil, is called once all members know that this node serves.
	Ready func()

	// Call bounds a call to a peer: 2 seconds by default.
	Call time.Duration
	// Settle is how long other nodes may take to learn of a change of
	// membership: 5 seconds by default. Nothing is deleted before.
	Settle time.Duration
	// Repair is the interval between comparisons of replicas: 30 seconds by
	// default.
	Repair time.Duration
	// TombstoneTTL is the age at which a tombstone is dropped: a day by
	// default. A node that was away for longer copies its data from the others.
	TombstoneTTL time.Duration
	// Now returns the wall clock time: time.Now by default.
	Now func() time.Time
	// Log receives progress and failures. Nil is silent.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	c.Replicas = cmp.Or(c.Replicas, 2)
	c.MinCopies = cmp.Or(c.MinCopies, 1)
	c.Call = cmp.Or(c.Call, 2*time.Second)
	c.Settle = cmp.Or(c.Settle, 5*time.Second)
	c.Repair = cmp.Or(c.Repair, 30*time.Second)
	c.TombstoneTTL = cmp.Or(c.TombstoneTTL, 24*time.Hour)
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	return c
}

// Node is a node of the store. It is safe for concurrent use.
type Node struct {
	cfg   Config
	clock kv.Clock
	view  *mapper.View[*placement]

	changed  chan struct{} // holds a token after a change of membership
	peers    sync.Map      // name to Peer
	disagree sync.Map      // name to time.Time: when its clock last differed too much
	hints    hints
	hidden   atomic.Bool // the data may hold deleted values

	diskLogged atomic.Int64 // when a disk failure was last logged
	Counters
}

// Counters count since the start of the node.
type Counters struct {
	Reads, Misses, Writes, Failures, ReadRepairs, Received, Dropped, Ahead atomic.Int64
}

// New returns a node that is idle until Run. Close ends it.
func New(ctx context.Context, cfg Config) (*Node, error) {
	n := &Node{cfg: cfg.withDefaults(), changed: make(chan struct{}, 1)}
	n.hints.entries = map[string]map[string]kv.Entry{}
	n.clock.Now = n.cfg.Now
	if _, err := n.scanClocks(); err != nil {
		return nil, err
	}
	n.hidden.Store(n.outlived())
	return n, n.follow(context.WithoutCancel(ctx))
}

// Run joins the cluster, serves until the context ends, and then hands its keys
// over and leaves. It returns nil after an orderly leave.
func (n *Node) Run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { n.recordAlive(work) })
	err := n.join(ctx)
	if err == nil {
		if n.cfg.Ready != nil {
			n.cfg.Ready()
		}
		running.Go(func() { n.repairLoop(work) })
		running.Go(func() { n.hintLoop(work) })
		<-ctx.Done()
	}
	if ctx.Err() != nil {
		err = nil // the caller ended the node, whatever it was doing
	}
	err = errors.Join(err, n.leave(work))
	stop()
	running.Wait()
	return err
}

// Close stops following the membership. Call it after the last request.
func (n *Node) Close() { n.view.Close() }

// peer returns the peer of a name, which may be this node.
func (n *Node) peer(name string) Peer {
	if name == n.cfg.Self {
		return n
	}
	p, ok := n.peers.Load(name)
	if !ok {
		p, _ = n.peers.LoadOrStore(name, n.cfg.Dial(name))
	}
	return p.(Peer)
}

func (n *Node) others(p *placement) []string {
	var names []string
	for _, m := range p.members {
		if m.Name != n.cfg.Self {
			names = append(names, m.Name)
		}
	}
	return names
}

// scanFactor extends the timeout of a call for which the peer scans all its keys,
// which takes about a second per half a million.
const scanFactor = 15

// ask calls a peer and returns its reply. The error names the peer.
func ask[T any](ctx context.Context, n *Node, timeout time.Duration, name string, f func(Peer, context.Context) (T, error)) (reply T, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if reply, err = f(n.peer(name), ctx); err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return reply, err
}

func (n *Node) viewOf(ctx context.Context, name string) (View, error) {
	return ask(ctx, n, n.cfg.Call, name, Peer.View)
}

func (n *Node) keepAt(ctx context.Context, name string, entries ...kv.Entry) ([]kv.Version, error) {
	return ask(ctx, n, n.cfg.Call, name, func(p Peer, ctx context.Context) ([]kv.Version, error) { return p.Keep(ctx, entries) })
}

func (n *Node) fetchFrom(ctx context.Context, name string, keys ...string) ([]kv.Entry, error) {
	return ask(ctx, n, n.cfg.Call, name, func(p Peer, ctx context.Context) ([]kv.Entry, error) { return p.Fetch(ctx, keys) })
}

// versionsOf returns all versions of a bucket that a member stores and the owner must
// have.
func (n *Node) versionsOf(ctx context.Context, name string, bucket int, owner string) ([]kv.Version, error) {
	return Pages(kv.Version.ID, func(after string) ([]kv.Version, error) {
		return ask(ctx, n, scanFactor*n.cfg.Call, name, func(p Peer, ctx context.Context) ([]kv.Version, error) {
			return p.Versions(ctx, bucket, owner, after)
		})
	})
}

func (n *Node) digestsOf(ctx context.Context, name string) ([]uint64, error) {
	return ask(ctx, n, scanFactor*n.cfg.Call, name, func(p Peer, ctx context.Context) ([]uint64, error) {
		digests, err := p.Digests(ctx, n.cfg.Self)
		if err == nil && len(digests) != kv.Buckets {
			err = errors.New("the reply has the wrong number of digests")
		}
		return digests, err
	})
}

// parallel calls f for each name at the same time and waits for all calls.
func parallel(names []string, f func(name string)) {
	var group sync.WaitGroup
	for _, name := range names {
		group.Go(func() { f(name) })
	}
	group.Wait()
}

// sleep waits for d or until the context ends.
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
