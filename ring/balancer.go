package ring

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/proxenos/proxenos/internal/nodeset"
)

// Ranking puts nodes in an order of preference for a key, each once, and the
// same nodes for every key. A *Ring is one and so is a rendezvous set.
type Ranking[N any] interface {
	Rank(key string) iter.Seq[N]
}

// selector is a Ranking that finds the first node for less.
type selector[N any] interface {
	Select(key string) (N, bool)
}

// BalancerConfig says how a Balancer tells nodes apart and what it bounds.
type BalancerConfig[N any] struct {
	// ID names a node. It is required, and by it counts survive a change of the
	// ranking.
	ID func(N) string
	// Capacity is a node's share relative to the others. Nil gives every node
	// the same; the ranking's own capacities are usually right.
	Capacity func(N) float64
	// Bound is how far a node may go beyond its share: 1.25 is a quarter. It is
	// required, and at least 1. A low bound evens loads out and sends more keys
	// past the node that owns them.
	Bound float64
}

// Balancer hands out leases on nodes such that none holds much more than its
// share: consistent hashing with bounded loads, by Mirrokni, Thorup and
// Zadimoghaddam (arXiv 1608.01350, 2016).
//
// When m leases are held, the next one goes to the first node in the order of
// its key that holds fewer than
//
//	ceil(Bound * (m+1) * capacity / total capacity)
//
// These limits add up to more than m, so some node always has room. A limit
// binds when a lease is given: a node may be above it after other leases were
// released or nodes have come, and then gets no more for a while.
//
// With a Balancer the node of a key depends on what else goes on, so two
// clients that each count their own leases may choose differently for a key in
// great demand. For k of them a node's leases can add up to Bound * (M+k) *
// capacity / total + k where M are all leases together; they need to share
// nothing for that. Use a plain ring where all must agree.
//
// It is safe for any number of goroutines. One mutex guards the counts; it is
// held for a few comparisons, never while a key is hashed or a function of the
// caller runs, and sync.Mutex passes it on in turn to whoever waited for a
// millisecond. Acquire allocates nothing as long as the first node has room and
// the ranking has a Select method.
type Balancer[N any] struct {
	cfg   BalancerConfig[N]
	field atomic.Pointer[field[N]]

	mu       sync.Mutex
	loads    map[string]*load // the nodes of the field, and departed ones until released
	capacity float64          // of the nodes of the field
	held     int              // leases on them
	ledger   ledger
}

// field is what leases are given from between two updates. It is immutable.
type field[N any] struct {
	ranking Ranking[N]
	first   selector[N] // nil if the ranking is none
	loads   map[string]*load
}

// load is what a node holds. The Balancer's mutex guards it.
type load struct {
	held     int
	capacity float64
	departed bool
}

// NewBalancer returns a Balancer over a ranking. It refuses a bound below 1,
// not a number or infinite with ErrBound, no ranking with ErrNoRanking, and
// nodes with what New refuses them with.
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

// Update replaces the ranking when nodes come or go. A node that stays keeps
// its count; leases on one that goes stay valid, no longer count towards the
// bound, and count again if it comes back. When a ranking is refused the one
// before it stays. It takes time in proportion to the nodes.
func (b *Balancer[N]) Update(ranking Ranking[N]) error {
	if ranking == nil {
		return ErrNoRanking
	}
	nodes := slices.Collect(ranking.Rank(""))
	r, err := nodeset.New(nodes, b.cfg.ID, b.cfg.Capacity)
	if err != nil {
		return nodeError(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
	f := &field[N]{ranking: ranking, loads: make(map[string]*load, len(nodes))}
	f.first, _ = ranking.(selector[N])
	for i, id := range r.IDs {
		f.loads[id] = b.enter(id, r.Weights[i])
	}
	b.field.Store(f)
	return nil
}

// clear lets every node depart.
func (b *Balancer[N]) clear() {
	b.held, b.capacity = 0, 0
	for id, l := range b.loads {
		l.departed = true
		if l.held == 0 {
			delete(b.loads, id)
		}
	}
}

// enter admits a node, with the count it may still have.
func (b *Balancer[N]) enter(id string, capacity float64) *load {
	l := b.loads[id]
	if l == nil {
		l = new(load)
		b.loads[id] = l
	}
	l.departed, l.capacity = false, capacity
	b.held += l.held
	b.capacity += capacity
	return l
}

// Acquire returns a lease on the first node for the key that has room, or false
// if there is no node. The lease counts until it is released.
func (b *Balancer[N]) Acquire(key string) (lease Lease[N], ok bool) {
	for {
		f := b.field.Load()
		if lease, ok = b.takeFirst(f, key); ok {
			return lease, true
		}
		if lease, ok = b.takeNext(f, key); ok {
			return lease, true
		}
		if lease, ok, current := b.takeAny(f, key); current {
			return lease, ok
		}
	}
}

// takeFirst tries the first node for the key alone, without the cost of a walk.
func (b *Balancer[N]) takeFirst(f *field[N], key string) (lease Lease[N], ok bool) {
	if f.first == nil {
		return lease, false
	}
	n, ok := f.first.Select(key)
	if !ok {
		return lease, false
	}
	return b.take(f, n)
}

// takeNext tries one node after the other.
func (b *Balancer[N]) takeNext(f *field[N], key string) (lease Lease[N], ok bool) {
	for n := range f.ranking.Rank(key) {
		if lease, ok = b.take(f, n); ok {
			return lease, true
		}
	}
	return lease, false
}

// take gives a lease on a node if that has room.
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

// takeAny tries all nodes in one go. It is for the caller who found each of
// them full when it came by: meanwhile one behind it may have got room. It
// gives up if the field is no longer current.
func (b *Balancer[N]) takeAny(f *field[N], key string) (lease Lease[N], ok, current bool) {
	nodes := slices.Collect(f.ranking.Rank(key))
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

// hasRoom says whether a node may be given one more lease.
func (b *Balancer[N]) hasRoom(l *load) bool {
	return !l.departed && float64(l.held) < b.limit(l.capacity)
}

// limit returns how many leases a node of this capacity may hold with the one
// that is about to be given. The division comes last, so that even shares are
// exact.
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

// Loads returns how many leases each node holds now, by ID: the nodes of the
// ranking, and those that have left it until their last lease is released.
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
