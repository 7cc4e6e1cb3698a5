package ring

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/proxenos/proxenos/internal/nodeset"
	"github.com/proxenos/proxenos/ring/rules"
)

// Ranking is [rules.Ranking]. [*Ring] implements it, and so do rendezvous.Set and
// rendezvous.Table.
type Ranking[N any] = rules.Ranking[N]

// selector is a Ranking that finds the first node at a lower cost.
type selector[N any] interface {
	Select(key string) (N, bool)
}

// A Ranking may have capacities of its own: a *Ring has a method Capacity, and sets
// and tables of package rendezvous have a method Weight.
type (
	capacities interface {
		Capacity(id string) (float64, bool)
	}
	weights interface {
		Weight(id string) (float64, bool)
	}
)

// BalancerConfig configures a [Balancer].
type BalancerConfig[N any] struct {
	// ID returns the ID of a node. It is required. Leases on a node survive a
	// change of the ranking by its ID.
	ID func(N) string
	// Capacity returns a node's share of the load, relative to the others. Nil
	// takes the capacities of the ranking if it has a method Capacity or Weight
	// that returns one by ID, as rings and sets do, and otherwise 1.
	Capacity func(N) float64
	// MaxLoad returns the greatest number of leases of a node, whatever its
	// share, or 0 for no such limit. Nil limits no node.
	MaxLoad func(N) int
	// Bound is the greatest load of a node, relative to its share: 1.25 allows a
	// quarter more. It is required and at least 1. A lower bound evens out the
	// loads and sends more keys to nodes that do not own them.
	Bound float64
}

// Balancer issues leases on nodes so that no node holds much more than its share:
// consistent hashing with bounded loads (Mirrokni, Thorup and Zadimoghaddam,
// arXiv 1608.01350, 2016).
//
// When m leases are held, the next one is on the first node in the ranking of
// its key that holds fewer than
//
//	ceil(Bound * (m+1) * capacity / total capacity)
//
// These limits add up to more than m, so without MaxLoad some node always has
// room. A limit applies when a lease is issued. A node may exceed it after other
// leases were released or nodes were added; it then gets no leases until it is
// below again.
//
// With a Balancer the node of a key depends on the current loads, so two clients
// that count their own leases may choose different nodes for a popular key. The
// leases of k such clients on a node add up to at most
// Bound * (M+k) * capacity / total + k, where M is the number of all leases. Use
// a ring without a Balancer where clients must agree.
//
// A Balancer is safe for concurrent use. One mutex guards the counts. It is held
// for a few comparisons, and never while a key is hashed or a function of the
// caller runs. Acquire does not allocate if the first node has room and the
// ranking has a Select method.
type Balancer[N any] struct {
	cfg   BalancerConfig[N]
	field atomic.Pointer[field[N]]

	mu       sync.Mutex
	loads    map[string]*load // of the nodes of the field, and of departed ones with leases
	capacity float64          // of the nodes of the field
	held     int              // leases on them
	ledger   ledger
}

// field holds the nodes between two updates. It is immutable.
type field[N any] struct {
	ranking Ranking[N]
	first   selector[N] // nil if the ranking has no Select
	loads   map[string]*load
}

// load is the load of a node. The Balancer's mutex guards it.
type load struct {
	held     int
	capacity float64
	most     int // BalancerConfig.MaxLoad, or math.MaxInt
	departed bool
}

// NewBalancer returns a Balancer over a ranking. The error wraps [ErrBound] or
// [ErrNoRanking], or is one that [New] returns for nodes.
func NewBalancer[N any](ranking Ranking[N], cfg BalancerConfig[N]) (*Balancer[N], error) {
	if !(cfg.Bound >= 1) || math.IsInf(cfg.Bound, 0) { // NaN too
		return nil, fmt.Errorf("bound %v: %w; 1.25 is usual", cfg.Bound, ErrBound)
	}
	b := &Balancer[N]{cfg: cfg, loads: make(map[string]*load)}
	if err := b.Update(ranking); err != nil {
		return nil, err
	}
	return b, nil
}

// BuildBalancer returns a function that builds a ranking of nodes and updates one
// Balancer with it: the first call makes the Balancer, later ones return the same. It
// has the signature that mapper.Follow takes, so a View keeps a Balancer up to date:
//
//	build := ring.BuildBalancer(ring.Build[mapper.Node], ring.BalancerConfig[mapper.Node]{Bound: 1.25})
//	view, err := mapper.Follow(ctx, source, build)
//
// The ID is by default that of the nodes. The errors are those of build, of
// [NewBalancer] and of [Balancer.Update]; the previous ranking stays then. The function
// is not safe for concurrent use, unlike the Balancer.
func BuildBalancer[R Ranking[N], N interface{ ID() string }](build func([]N) (R, error), cfg BalancerConfig[N]) func([]N) (*Balancer[N], error) {
	if cfg.ID == nil {
		cfg.ID = N.ID
	}
	var b *Balancer[N]
	return func(nodes []N) (*Balancer[N], error) {
		r, err := build(nodes)
		if err != nil {
			return nil, err
		}
		if b != nil {
			return b, b.Update(r)
		}
		made, err := NewBalancer(r, cfg)
		if err == nil {
			b = made
		}
		return made, err
	}
}

// Update replaces the ranking when the nodes change. Nodes in both rankings keep
// their leases. Leases on a removed node stay valid and no longer count towards
// the bound; they count again if the node is added back. If Update returns an
// error, the previous ranking stays. It takes time proportional to the number of
// nodes.
func (b *Balancer[N]) Update(ranking Ranking[N]) error {
	if ranking == nil {
		return ErrNoRanking
	}
	nodes := slices.Collect(ranking.Rank(""))
	r, err := nodeset.New(nodes, b.cfg.ID, b.capacityOf(ranking))
	if err != nil {
		return nodeError(err)
	}
	most, err := b.maxLoads(r)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
	f := &field[N]{ranking: ranking, loads: make(map[string]*load, len(nodes))}
	f.first, _ = ranking.(selector[N])
	for i, id := range r.IDs {
		f.loads[id] = b.enter(id, r.Weights[i], most[i])
	}
	b.field.Store(f)
	return nil
}

// capacityOf returns the function that nodes of the ranking get their capacities
// from, or nil if all have the same.
func (b *Balancer[N]) capacityOf(ranking Ranking[N]) func(N) float64 {
	if b.cfg.Capacity != nil || b.cfg.ID == nil {
		return b.cfg.Capacity
	}
	var of func(id string) (float64, bool)
	switch own := ranking.(type) {
	case capacities:
		of = own.Capacity
	case weights:
		of = own.Weight
	default:
		return nil
	}
	return func(n N) float64 {
		if c, ok := of(b.cfg.ID(n)); ok {
			return c
		}
		return 1 // the balancer's IDs are not those of the ranking
	}
}

// maxLoads returns the greatest number of leases of each node.
func (b *Balancer[N]) maxLoads(r *nodeset.Set[N]) ([]int, error) {
	most := make([]int, r.Len())
	for i, n := range r.Nodes {
		most[i] = math.MaxInt
		if b.cfg.MaxLoad == nil {
			continue
		}
		switch limit := b.cfg.MaxLoad(n); {
		case limit < 0:
			return nil, &NodeError{ID: r.IDs[i], Err: fmt.Errorf("maximum load %d: %w", limit, ErrMaxLoad)}
		case limit > 0:
			most[i] = limit
		}
	}
	return most, nil
}

// clear marks every node as departed.
func (b *Balancer[N]) clear() {
	b.held, b.capacity = 0, 0
	for id, l := range b.loads {
		l.departed = true
		if l.held == 0 {
			delete(b.loads, id)
		}
	}
}

// enter adds a node, with the leases that it may still have.
func (b *Balancer[N]) enter(id string, capacity float64, most int) *load {
	l := b.loads[id]
	if l == nil {
		l = new(load)
		b.loads[id] = l
	}
	const scale = 0x1p300 // keeps limit from multiplying subnormal capacities
	l.departed, l.capacity, l.most = false, capacity*scale, most
	b.held += l.held
	b.capacity += l.capacity
	return l
}

// Acquire returns a lease on the first node for the key that has room. It returns
// false if there are no nodes, or all have their MaxLoad. The lease counts until
// it is released.
func (b *Balancer[N]) Acquire(key string) (lease Lease[N], ok bool) {
	return b.AcquireFunc(key, nil)
}

// AcquireFunc is like Acquire but skips nodes for which allow returns false, such
// as a node that just failed. It returns false if no allowed node has room, which
// can happen although other nodes have. With a Bound of at least n/(n-k), any n-k of n
// equal nodes have room for all leases. allow may be called more than once for a node.
// Nil allows every node.
func (b *Balancer[N]) AcquireFunc(key string, allow func(N) bool) (lease Lease[N], ok bool) {
	for {
		f := b.field.Load()
		if f == nil {
			return lease, false // the zero Balancer
		}
		if lease, ok = b.takeFirst(f, key, allow); ok {
			return lease, true
		}
		if lease, ok = b.takeNext(f, key, allow); ok {
			return lease, true
		}
		if lease, ok, current := b.takeAny(f, key, allow); current {
			return lease, ok
		}
	}
}

// takeFirst tries only the first node for the key, without a walk.
func (b *Balancer[N]) takeFirst(f *field[N], key string, allow func(N) bool) (lease Lease[N], ok bool) {
	if f.first == nil {
		return lease, false
	}
	n, ok := f.first.Select(key)
	if !ok || allow != nil && !allow(n) {
		return lease, false
	}
	return b.take(f, n)
}

// takeNext tries the nodes in the order of the key.
func (b *Balancer[N]) takeNext(f *field[N], key string, allow func(N) bool) (lease Lease[N], ok bool) {
	for n := range f.ranking.Rank(key) {
		if allow != nil && !allow(n) {
			continue
		}
		if lease, ok = b.take(f, n); ok {
			return lease, true
		}
	}
	return lease, false
}

// take issues a lease on a node if it has room.
func (b *Balancer[N]) take(f *field[N], n N) (lease Lease[N], ok bool) {
	l := f.loads[b.cfg.ID(n)]
	if l == nil {
		return lease, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.hasRoom(l) {
		return lease, false
	}
	return b.grant(n, l), true
}

// takeAny tries all nodes under one lock, after each was found full in turn: a
// node may have got room after it was tried. It reports current as false if the
// field was replaced.
func (b *Balancer[N]) takeAny(f *field[N], key string, allow func(N) bool) (lease Lease[N], ok, current bool) {
	nodes := slices.Collect(f.ranking.Rank(key))
	if allow != nil {
		nodes = slices.DeleteFunc(nodes, func(n N) bool { return !allow(n) })
	}
	loads := make([]*load, len(nodes))
	for i, n := range nodes {
		loads[i] = f.loads[b.cfg.ID(n)]
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.field.Load() != f {
		return lease, false, false
	}
	for i, l := range loads {
		if l != nil && b.hasRoom(l) {
			return b.grant(nodes[i], l), true, true
		}
	}
	return lease, false, true
}

// hasRoom reports whether a node may get another lease.
func (b *Balancer[N]) hasRoom(l *load) bool {
	return !l.departed && l.held < l.most && float64(l.held) < b.limit(l.capacity)
}

// limit returns how many leases a node of this capacity may hold, including the
// next one. The division comes last, so that even shares are exact.
func (b *Balancer[N]) limit(capacity float64) float64 {
	if capacity == 0 {
		return 0
	}
	return math.Ceil(b.cfg.Bound * float64(b.held+1) * capacity / b.capacity)
}

func (b *Balancer[N]) grant(n N, l *load) Lease[N] {
	l.held++
	b.held++
	ticket, serial := b.ledger.enter(l)
	return Lease[N]{node: n, balancer: b, ticket: ticket, serial: serial}
}

// Loads returns the number of leases on each node, by ID: the nodes of the ranking,
// and removed ones until their last lease is released.
func (b *Balancer[N]) Loads() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	loads := make(map[string]int, len(b.loads))
	for id, l := range b.loads {
		if l.held > 0 || !l.departed {
			loads[id] = l.held
		}
	}
	return loads
}
