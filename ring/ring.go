// Package ring tells which node owns a key by consistent hashing: every node has
// points on a circle, a key has a position there, and the node of the next point
// owns the key.
//
//	r, err := ring.New(servers, ring.Config[Server]{ID: Server.Name})
//	server, ok := r.Select("user:42")
//
// A lookup compares one or two points, however many nodes there are; with ten
// thousand nodes it is slower than with ten only because of the CPU's caches.
// Package rendezvous has the same methods and even shares, and its lookups take
// time proportional to the number of nodes.
//
// # Spread
//
// The shares of equal nodes differ, and fewer points make them differ more. The
// table says how many times its share the fullest node has: the median and the
// worst of 200 sets of names. It is the output of "go test -run Spread -v".
//
//	points     8 nodes    20 nodes    100 nodes
//	    40   1.23 1.56   1.30 1.63   1.43 1.84
//	   160   1.11 1.26   1.15 1.31   1.20 1.35
//	   640   1.06 1.13   1.07 1.15   1.10 1.16
//	  2560   1.03 1.06   1.04 1.07   1.05 1.07
//
// # Layouts
//
// A [Layout] decides where points lie and which position a key has. Leave it nil
// unless another program must agree. There are layouts for libmemcached ([Ketama],
// [KetamaHash]), twemproxy ([Twemproxy]), spymemcached ([Spymemcached]), npm
// packages ([NodeHashring], [NodeMemcached]), nginx ([Nginx], [IngressNginx]),
// HAProxy ([HAProxy], [HAProxyByID]), Varnish ([VarnishShard]), Envoy and gRPC
// ([EnvoyRingHash], [GRPCRingHash]), groupcache ([Groupcache]), go-zero ([GoZero]),
// python-continuum ([Continuum], [Continuum010]) and thrifty-p2p ([HashRing]).
// [Custom] makes one of [Settings]. Package ring/slots agrees with programs that
// have no circle. PROGRAMS.md in this directory lists what was compared with what.
//
// With [Hashed], the default, a change of one node never moves a key between two
// others; the other layouts move the keys that their programs move.
//
// # Capacities
//
// A capacity is absolute: with [Hashed] each unit of it gets the layout's number
// of points, 160 by default. So the capacity of one node does not change the
// points of another, and a node of capacity 2 gets about twice the keys of one
// of capacity 1. Because points are whole numbers, capacities far below a unit
// make the shares uneven, and very great ones exceed [MaxPoints]. Set
// [Config].Unit to the capacity of a typical node if that is not about 1; all
// programs that must agree need the same unit. Capacity 0 drains a node: it stays
// in the ring and owns no keys.
//
// # Many keys
//
// [Ring.SelectAll] looks up many keys in a fraction of the time of as many calls, with
// the answers of [Ring.Select], and [Ring.Split] groups them by node. [Ring.Over] and
// functions made by [BuildWith] follow a large set of nodes at the cost of what changes.
//
// # Bounded loads
//
// A ring distributes keys, not requests: all requests for a popular key go to
// one node. A [Balancer] limits the load of each node, over any ranking. The
// examples RoundTripper and ReverseProxy send HTTP requests by one.
//
// # Placement is fixed
//
// The owner of a key does not depend on the processor, on the order of a map or,
// except in layouts that say so, on the order of the nodes. It does not change
// between releases. testdata/SPEC.md in the repository specifies the default
// layout and the checksum for other languages, with vectors. A Ring is immutable
// and safe for concurrent use; build another one when the nodes change.
package ring

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/proxenos/proxenos/internal/nodeset"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// Config describes the caller's nodes and how they are placed.
type Config[N any] struct {
	// ID returns the ID of a node. It is required; IDs must be non-empty and
	// distinct. For layouts that agree with another program it is the address
	// of the server in that program's configuration.
	ID func(N) string
	// Capacity returns the capacity of a node, from 0 to 1e200. It is absolute:
	// Hashed gives a node its number of points for each Unit. 0 drains the node.
	// Nil gives every node capacity 1.
	Capacity func(N) float64
	// Unit is the capacity that gets the number of points of Hashed. 0 is 1.
	// Other layouts have no unit and refuse one.
	Unit float64
	// Hash hashes points and keys. Nil is SipHash-2-4 under the published
	// default key; package prf returns others by name. Layouts that agree with
	// another program have their own hash and refuse one here, unless their
	// documentation says otherwise. Hash must be safe for concurrent use.
	Hash func(string) uint64
	// HashAll hashes many keys at once, for SelectAll and its like: it sets sums[i] to
	// Hash(keys[i]). Package prf returns it by name, as it does Hash. Nil calls Hash
	// for each key, or is that of the default hash. It must do with its arguments what
	// Hash must.
	HashAll func(sums []uint64, keys []string)
	// Key returns the part of a key that decides its owner, such as the hash tag of
	// package prf. It applies to keys before the hash, and not to IDs. Nil is the
	// whole key. Key must be safe for concurrent use and must not keep the string.
	// Checksum calls it with fixed keys of any length.
	Key func(string) string
	// Layout decides where points lie and which position a key has. Nil is
	// Hashed(DefaultPoints).
	Layout Layout
}

// Ring is an immutable set of nodes on a circle. It is safe for concurrent use.
// The zero value and a nil *Ring hold no nodes.
type Ring[N any] struct {
	cfg      Config[N]
	all      *nodeset.Set[N]
	layout   Layout
	circle   *circle // nil if no node has a point
	hash     func(string) uint64
	hashAll  func([]uint64, []string) // hash of many keys; nil calls hash for each
	keyHash  func(string) uint64      // hash of the part of a key that cfg.Key returns
	finalize bool                     // the hash
	mask     uint64                   // the bits of a hash that count
}

// New builds a ring. With the default hash it takes about 20 ns a point. The
// error is a [*NodeError] for a node that cannot be placed, or wraps [ErrNoID],
// [ErrLayout], [ErrUnit], [ErrHashFixed], [ErrHashAll], [ErrFIPS],
// [ErrTooManyPoints] or [ErrNoPoints]. No nodes, or only drained ones, make a ring that selects none.
func New[N any](nodes []N, cfg Config[N]) (*Ring[N], error) {
	all, err := nodeset.New(nodes, cfg.ID, cfg.Capacity)
	if err != nil {
		return nil, nodeError(err)
	}
	return build(all, make([]int, len(nodes)), cfg)
}

// Of builds a ring of strings that are their own IDs.
func Of(ids ...string) (*Ring[string], error) {
	return New(ids, Config[string]{ID: func(id string) string { return id }})
}

// Build is New for nodes that have an ID and a capacity of their own, as those of
// package mapper do. It has the signature that mapper.Follow takes.
func Build[N interface {
	ID() string
	Capacity() float64
}](nodes []N) (*Ring[N], error) {
	return New(nodes, Config[N]{ID: N.ID, Capacity: N.Capacity})
}

// BuildWith returns a function like [Build] that places nodes by a configuration,
// such as the layout of another program. ID and Capacity are by default those of
// the nodes; a layout that hashes addresses needs an ID function that returns them.
// Each ring copies what it has in common with the one before, as [Ring.Over] does. The
// function is safe for concurrent use.
func BuildWith[N interface {
	ID() string
	Capacity() float64
}](cfg Config[N]) func([]N) (*Ring[N], error) {
	if cfg.ID == nil {
		cfg.ID = N.ID
	}
	if cfg.Capacity == nil {
		cfg.Capacity = N.Capacity
	}
	var last atomic.Pointer[Ring[N]]
	return func(nodes []N) (*Ring[N], error) {
		before := last.Load()
		if before == nil {
			before = &Ring[N]{cfg: cfg, layout: cfg.Layout}
		}
		r, err := before.Over(nodes)
		if err == nil {
			last.Store(r)
		}
		return r, err
	}
}

// build makes the ring of nodes that were added in batches.
func build[N any](all *nodeset.Set[N], batches []int, cfg Config[N]) (*Ring[N], error) {
	r := newRing(all, cfg)
	if err := r.checkUnit(); err != nil {
		return nil, err
	}
	if cfg.HashAll != nil && !nodeset.SameHash(cfg.Hash, cfg.HashAll) {
		return nil, ErrHashAll
	}
	members, rename := r.members(batches)
	p, err := r.layout.place(members, cfg.Hash)
	if err != nil {
		return nil, err
	}
	r.setHash(p)
	if len(p.positions) > 0 {
		r.circle = newCircle(p, rename, all.Len())
		return r, nil
	}
	if err := r.checkDrained(); err != nil {
		return nil, err
	}
	return r, nil
}

func newRing[N any](all *nodeset.Set[N], cfg Config[N]) *Ring[N] {
	r := &Ring[N]{cfg: cfg, all: all, layout: cfg.Layout}
	if r.layout == nil {
		r.layout = Hashed(DefaultPoints)
	}
	return r
}

// setHash takes the hash of a plan.
func (r *Ring[N]) setHash(p *plan) {
	r.hash, r.hashAll, r.finalize, r.mask = p.key, p.keyAll, p.finalize, math.MaxUint64>>(64-p.bits)
	if r.cfg.Hash != nil {
		r.hashAll = masked(r.cfg.HashAll, r.mask)
	}
	r.keyHash = r.hash
	if cut, hash := r.cfg.Key, r.hash; cut != nil {
		r.keyHash = func(key string) uint64 { return hash(cut(key)) }
	}
}

// members returns the nodes in the order that the layout expects. For the
// caller's order, rename maps the index of a member to that of its node.
func (r *Ring[N]) members(batches []int) (members []member, rename []uint32) {
	members = make([]member, len(r.all.IDs))
	if r.layout.ordered() {
		rename = make([]uint32, len(members))
	}
	for i, id := range r.all.IDs {
		from, at := r.all.Order[i], i
		if rename != nil {
			at = from
			rename[at] = uint32(i)
		}
		members[at] = member{id: id, capacity: r.units(i), batch: batches[from]}
	}
	return members, rename
}

// checkUnit refuses a unit that is not positive and finite, or that the layout
// does not have.
func (r *Ring[N]) checkUnit() error {
	unit := r.cfg.Unit
	if unit == 0 {
		return nil
	}
	if !(unit > 0) || math.IsInf(unit, 0) { // NaN too
		return fmt.Errorf("unit %v: %w", unit, ErrUnit)
	}
	if _, ok := r.layout.(hashed); !ok {
		return fmt.Errorf("layout %s: %w", r.layout, ErrUnit)
	}
	return nil
}

// units returns the capacity of the node at i in units. It does not round to 0.
func (r *Ring[N]) units(i int) float64 {
	c := r.all.Weights[i]
	if r.cfg.Unit == 0 || c == 0 {
		return c
	}
	return max(c/r.cfg.Unit, math.SmallestNonzeroFloat64)
}

// checkDrained refuses a ring without points unless all nodes are drained.
func (r *Ring[N]) checkDrained() error {
	for i, w := range r.all.Weights {
		if w > 0 {
			return fmt.Errorf("layout %s, node %q of capacity %v: %w", r.layout, r.all.IDs[i], w, ErrNoPoints)
		}
	}
	return nil
}

// nodes returns all nodes, none for a nil or zero Ring.
func (r *Ring[N]) nodes() *nodeset.Set[N] {
	if r == nil || r.all == nil {
		return new(nodeset.Set[N])
	}
	return r.all
}

// owners returns the number of nodes that have a point.
func (r *Ring[N]) owners() int {
	if r == nil || r.circle == nil {
		return 0
	}
	return r.circle.owners
}

// Len returns the number of nodes, drained ones included.
func (r *Ring[N]) Len() int { return r.nodes().Len() }

// All yields every node by ascending ID, drained ones included.
func (r *Ring[N]) All() iter.Seq[N] { return slices.Values(r.nodes().Nodes) }

// Node returns the node with the given ID, drained or not, or false if there is
// none. It takes time logarithmic in the number of nodes.
func (r *Ring[N]) Node(id string) (n N, ok bool) {
	all := r.nodes()
	if i, found := all.Find(id); found {
		return all.Nodes[i], true
	}
	return n, false
}

// Capacity returns the capacity of the node with the given ID, 0 if it is
// drained, or false if there is no such node. It takes time logarithmic in the
// number of nodes.
func (r *Ring[N]) Capacity(id string) (c float64, ok bool) {
	all := r.nodes()
	if i, found := all.Find(id); found {
		return all.Weights[i], true
	}
	return 0, false
}

// keyPosition returns the position of a key on the circle.
func (r *Ring[N]) keyPosition(key string) uint64 { return r.position(r.keyHash(key)) }

// position returns the position of a hashed key.
func (r *Ring[N]) position(h uint64) uint64 {
	if r.finalize {
		h = prf.Finalize(h)
	}
	return h
}

// Select returns the node that owns the key, or false if no node has a point. It
// takes constant time and does not allocate. The key may hold any bytes.
func (r *Ring[N]) Select(key string) (n N, ok bool) {
	if r == nil || r.circle == nil {
		return n, false
	}
	return r.at(r.keyPosition(key)), true
}

// at returns the node that owns a position. There is a point.
func (r *Ring[N]) at(position uint64) N {
	return r.all.Nodes[r.circle.owner(r.circle.locate(position))]
}

// Hash returns what [Ring.SelectHash] takes for the key: the result of Config.Hash,
// or of the layout's own hash, for the part of the key that Config.Key returns. It
// is 0 for a nil or zero Ring.
func (r *Ring[N]) Hash(key string) uint64 {
	if r == nil || r.keyHash == nil {
		return 0
	}
	return r.keyHash(key)
}

// SelectHash is [Ring.Select] for a key that is hashed already: h is the result of
// the hash, which [Ring.Hash] returns. Layouts with positions of 32 bits take its low
// 32 bits.
func (r *Ring[N]) SelectHash(h uint64) (n N, ok bool) {
	if r == nil || r.circle == nil {
		return n, false
	}
	return r.at(r.position(h & r.mask)), true
}

// SelectBytes is [Ring.Select] for a key in a slice, which it does not copy. A
// Config.Hash must not keep its argument then.
func (r *Ring[N]) SelectBytes(key []byte) (n N, ok bool) {
	return r.Select(unsafe.String(unsafe.SliceData(key), len(key)))
}
