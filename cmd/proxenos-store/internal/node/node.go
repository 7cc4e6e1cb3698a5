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

// Config describes a node. Zero durations mean their defaults.
type Config struct {
	// Self is the name of this node: the host:port it serves at.
	Self string
	// Replicas is how many nodes keep each key: 2 by default. All nodes of a
	// cluster must agree on it.
	Replicas int
	Engine   kv.Engine
	Cluster  Cluster
	// Dial returns the peer with a name; it does not connect.
	Dial func(name string) Peer
	// Found says that this node founds the cluster: it serves at once.
	Found bool
	// Ready, if not nil, is called when this node serves and all others know.
	Ready func()

	// Call bounds one call of a peer: 2 seconds by default.
	Call time.Duration
	// Settle is how long after a change of members other nodes may not have
	// seen it yet: 5 seconds by default. Nothing is deleted before.
	Settle time.Duration
	// Repair is how often replicas are compared: 30 seconds by default.
	Repair time.Duration
	// Forget is the age at which the trace of a deleted key is dropped: a day
	// by default. A node that was away for longer may bring the key back.
	Forget time.Duration
	Log    *slog.Logger
}

func (c Config) withDefaults() Config {
	c.Replicas = cmp.Or(c.Replicas, 2)
	c.Call = cmp.Or(c.Call, 2*time.Second)
	c.Settle = cmp.Or(c.Settle, 5*time.Second)
	c.Repair = cmp.Or(c.Repair, 30*time.Second)
	c.Forget = cmp.Or(c.Forget, 24*time.Hour)
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	return c
}

// Node is one node of the store. It is safe for any number of goroutines.
type Node struct {
	cfg    Config
	clock  kv.Clock
	known  atomic.Pointer[placement]
	before atomic.Pointer[placement] // the one before that

	changed chan struct{} // holds a token when the members changed
	peers   sync.Map      // name to Peer
	mending sync.WaitGroup

	complained atomic.Int64 // when, of a disk that takes nothing
	Counters
}

// Counters count since the start.
type Counters struct {
	Reads, Misses, Writes, Failures, Mended, Taken, Handed atomic.Int64
}

// New returns a node that does nothing until Run.
func New(cfg Config) (*Node, error) {
	n := &Node{cfg: cfg.withDefaults(), changed: make(chan struct{}, 1)}
	newest, err := kv.Newest(n.cfg.Engine)
	if err == nil {
		err = n.clock.Observe(newest)
	}
	if err != nil {
		return nil, err
	}
	return n, n.see([]Member{{Name: n.cfg.Self, State: Joining}})
}

// Run takes this node's keys over, serves, and hands them over when the context
// ends. It returns nil after an orderly departure.
func (n *Node) Run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { n.follow(work) })
	err := n.join(ctx)
	if err == nil {
		if n.cfg.Ready != nil {
			n.cfg.Ready()
		}
		running.Go(func() { n.repairAgain(work) })
		<-ctx.Done()
	}
	if ctx.Err() != nil {
		err = nil // it was told to go, whatever it was doing
	}
	err = errors.Join(err, n.leave(work))
	stop()
	running.Wait()
	return err
}

// Close waits for what requests have left behind. There must be none any more.
func (n *Node) Close() { n.mending.Wait() }

// follow keeps the placement up to date.
func (n *Node) follow(ctx context.Context) {
	for u := range n.cfg.Cluster.Watch(ctx) {
		err := u.Err
		if err == nil {
			err = n.see(membersOf(u.Nodes))
		}
		if err != nil {
			n.cfg.Log.Warn("cannot tell who is there; the members known before stand", "err", err)
		}
	}
}

func membersOf(nodes []mapper.Node) []Member {
	members := make([]Member, len(nodes))
	for i, node := range nodes {
		members[i] = Member{Name: node.Name, Zone: node.Zone, State: State(node.Meta[StateKey])}
		if s := members[i].State; s != Serving && s != Leaving {
			members[i].State = Joining
		}
	}
	return members
}

// see takes over a new set of members.
func (n *Node) see(members []Member) error {
	old := n.known.Load()
	next, err := newPlacement(members, n.cfg.Replicas, time.Now())
	if err != nil || old != nil && old.same(next.members) {
		return err
	}
	n.before.Store(old)
	n.known.Store(next)
	n.cfg.Log.Info("members", "are", fmt.Sprint(next.members))
	select {
	case n.changed <- struct{}{}:
	default:
	}
	return nil
}

// recent reports whether other nodes may see other members than this one.
func (n *Node) recent(p *placement) bool {
	return p.moving() || time.Since(p.since) < n.cfg.Settle
}

// peer returns a peer by name; this node itself among them.
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

// others returns the names of all other members.
func (n *Node) others(p *placement) []string {
	var names []string
	for _, m := range p.members {
		if m.Name != n.cfg.Self {
			names = append(names, m.Name)
		}
	}
	return names
}

// longer is how much longer a call may take for which the peer reads all its
// keys: about a second for each half a million.
const longer = 15

// callLonger is call with more time.
func (n *Node) callLonger(ctx context.Context, name string, f func(context.Context, Peer) error) error {
	ctx, cancel := context.WithTimeout(ctx, longer*n.cfg.Call)
	defer cancel()
	return f(ctx, n.peer(name))
}

// call calls a peer with a bound on the time.
func (n *Node) call(ctx context.Context, name string, f func(context.Context, Peer) error) error {
	ctx, cancel := context.WithTimeout(ctx, n.cfg.Call)
	defer cancel()
	return f(ctx, n.peer(name))
}
