// Package ring says who owns a key, by place on a circle: every node has points
// there, a key lands somewhere, and the next point's node owns it.
//
//	r, err := ring.New(servers, ring.Config[Server]{ID: Server.Name})
//	server, ok := r.Select("user:42")
//
// A lookup compares a point or two however many nodes there are, so that only
// the cache tells ten thousand of them from ten; the shares of equal nodes
// differ by some percent. Package rendezvous has the same methods, even shares,
// and lookups that take longer the more nodes there are.
//
// # Layouts
//
// Where the points lie and where a key lands is the Layout's business. Leave it
// out unless another program must agree: there is one for libmemcached
// (Ketama), nginx (Nginx), python-continuum (Continuum, Continuum010) and
// thrifty-p2p (HashRing). Only with Hashed, the default, does a change of one
// node never move a key between two others; the others come as close as the
// programs they agree with.
//
// # Capacities
//
// A node of capacity 2 gets twice the keys of a node of capacity 1. Capacity 0
// drains a node: it is known to All and Len, and owns nothing.
//
// # Bounded loads
//
// A ring spreads keys, not requests: a key in great demand puts all of it on
// one node. A Balancer caps what a node is given at once, over any ranking.
//
// # Promises
//
// The owner of a key never depends on the processor, on the order of a map or,
// unless the layout says so, on the order of the nodes. It will not change
// between releases. A Ring is immutable and may be used by any number of
// goroutines; build another one when the nodes change.
package ring

import (
	"fmt"
	"iter"
	"slices"

	"github.com/proxenos/proxenos/internal/nodeset"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// Config says how New names and weighs the caller's nodes, and places them.
type Config[N any] struct {
	// ID names a node. It is required; IDs are non-empty and distinct. The
	// layouts that agree with another program take it for the address that
	// program knows the server by.
	ID func(N) string
	// Capacity is a node's share relative to the others: 0 drains the node. Nil
	// gives every node 1.
	Capacity func(N) float64
	// Hash places points and keys. Nil is SipHash-2-4 under the published
	// default key. Layouts that agree with another program bring their own and
	// refuse one here, unless they say otherwise. Any goroutine may call it at
	// any time.
	Hash func(string) uint64
	// Layout decides where points lie and where a key lands. Nil is
	// Hashed(DefaultPoints).
	Layout Layout
}

// Ring is an immutable set of nodes on a circle. It is safe for any number of
// goroutines.
type Ring[N any] struct {
	r      *nodeset.Set[N]
	layout Layout
	circle *circle // nil if nobody has a point
	key    func(string) uint64
	mixed  bool
	owners int // nodes that have a point
}

// New builds a ring. The cost is about 20 ns a point with the default hash. It
// refuses nodes with a *NodeError, and with ErrLayout, ErrHashFixed, ErrFIPS,
// ErrTooManyPoints or ErrNoPoints what its configuration cannot mean. No nodes,
// or none that is not drained, is a ring that selects nobody.
func New[N any](nodes []N, cfg Config[N]) (*Ring[N], error) {
	return build(nodes, make([]int, len(nodes)), cfg)
}

// Of builds a ring of strings that name themselves.
func Of(ids ...string) (*Ring[string], error) {
	return New(ids, Config[string]{ID: func(id string) string { return id }})
}

// Build builds a ring of nodes that name and weigh themselves, as those of
// package mapper do: it is New with their methods. As it takes nothing else, it
// is what mapper.Follow builds with.
func Build[N interface {
	ID() string
	Capacity() float64
}](nodes []N) (*Ring[N], error) {
	return New(nodes, Config[N]{ID: N.ID, Capacity: N.Capacity})
}

// build makes the ring of nodes that came in batches.
func build[N any](nodes []N, batches []int, cfg Config[N]) (*Ring[N], error) {
	ro, err := nodeset.New(nodes, cfg.ID, cfg.Capacity)
	if err != nil {
		return nil, nodeError(err)
	}
	r := &Ring[N]{r: ro, layout: cfg.Layout}
	if r.layout == nil {
		r.layout = Hashed(DefaultPoints)
	}
	members, rename := r.members(batches)
	p, err := r.layout.lay(members, cfg.Hash)
	if err != nil {
		return nil, err
	}
	r.key, r.mixed = p.key, p.mixed
	if len(p.positions) > 0 {
		r.circle = newCircle(p, rename, len(ro.IDs))
		r.owners = r.circle.owners
		return r, nil
	}
	if err := r.checkDrained(); err != nil {
		return nil, err
	}
	return r, nil
}

// members returns what the layout is to see, in the order it is to see it. In
// the caller's order rename leads from a member to its node.
func (r *Ring[N]) members(batches []int) (members []member, rename []uint32) {
	members = make([]member, len(r.r.IDs))
	if r.layout.ordered() {
		rename = make([]uint32, len(members))
	}
	for i, id := range r.r.IDs {
		from, at := r.r.Order[i], i
		if rename != nil {
			at = from
			rename[at] = uint32(i)
		}
		members[at] = member{id: id, capacity: r.r.Weights[i], batch: batches[from]}
	}
	return members, rename
}

// checkDrained refuses a ring without points that should have some.
func (r *Ring[N]) checkDrained() error {
	for i, w := range r.r.Weights {
		if w > 0 {
			return fmt.Errorf("layout %s, node %q of capacity %v: %w", r.layout, r.r.IDs[i], w, ErrNoPoints)
		}
	}
	return nil
}

// Len returns the number of nodes, the drained ones among them.
func (r *Ring[N]) Len() int { return len(r.r.Nodes) }

// All yields every node in ascending order of ID, the drained ones among them.
func (r *Ring[N]) All() iter.Seq[N] { return slices.Values(r.r.Nodes) }

// land returns where a key lands.
func (r *Ring[N]) land(key string) uint64 {
	h := r.key(key)
	if r.mixed {
		h = prf.Finalize(h)
	}
	return h
}

// Select returns the node that owns the key, or false if there is nobody to
// choose. It takes constant time and allocates nothing.
func (r *Ring[N]) Select(key string) (n N, ok bool) {
	if r.circle == nil {
		return n, false
	}
	return r.r.Nodes[r.circle.owner(r.circle.find(r.land(key)))], true
}
