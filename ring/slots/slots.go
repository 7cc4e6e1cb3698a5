// Package slots tells which node owns a key by slots: a function gives every key
// one of n slots, and a table gives every slot an owner.
//
//	m, err := slots.New(servers, slots.Config[Server]{ID: Server.Name, Scheme: slots.Modulo("")})
//	server, ok := m.Select("user:42")
//
// It is for agreement with programs that have no circle: clients that take a hash
// modulo the number of servers ([Modulo]), Redis Cluster ([RedisCluster]), Envoy's
// Maglev tables ([EnvoyMaglev]) and jump consistent hashing ([Jump]). A [Scheme] is
// one of them. Programs that are free to choose use package rendezvous or ring:
// leaving or joining moves most keys under Modulo, and Jump can lose only the last
// node.
//
// [Partitions] agrees with no other program. It assigns any number of partitions to
// the nodes of a ranking, with a bound on the number that one node gets.
// testdata/SPEC.md in the repository specifies them for other languages, and
// ring/PROGRAMS.md names the programs that the schemes were compared with.
//
// A lookup takes the time of one hash and does not allocate. Placement is fixed: it
// depends on the scheme, the IDs and the weights, in Modulo and Jump on the order of
// the nodes, and on nothing else, and it does not change between releases.
package slots

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"unsafe"

	"github.com/proxenos/proxenos/internal/batch"
	"github.com/proxenos/proxenos/internal/nodeset"
	"github.com/proxenos/proxenos/rendezvous/prf"
	"github.com/proxenos/proxenos/ring/internal/keyhash"
)

// MaxSlots is the greatest number of slots: 2^24.
const MaxSlots = 1 << 24

// Scheme decides how many slots there are, which slot a key has and which node owns
// a slot. String returns its name and parameters. Schemes are immutable values that
// maps may share.
type Scheme interface {
	fmt.Stringer
	// assign computes the table for members in the caller's order. It may refuse
	// one of them.
	assign(members []member) (*table, error)
}

// member is a node as a scheme sees it.
type member struct {
	id     string
	weight float64
}

// none stands for the owner of a slot without one.
const none = -1

// table is the result of Scheme.assign. Owners are indices of members.
type table struct {
	owners []int32
	hash   keyhash.Hash
	slot   func(h uint64) int // of a hashed key
}

// Config describes the caller's nodes and the scheme.
type Config[N any] struct {
	// ID returns the ID of a node. It is required; IDs must be non-empty and
	// distinct.
	ID func(N) string
	// Weight returns the weight of a node, from 0 to 1e200; schemes say which
	// they take. 0 drains the node. Nil gives every node weight 1.
	Weight func(N) float64
	// Scheme is required.
	Scheme Scheme
	// Key returns the part of a key that decides its slot, such as the hash tag of
	// package prf. Nil is the whole key. Key must be safe for concurrent use and must
	// not keep the string. Checksum calls it with fixed keys of any length.
	Key func(string) string
}

// NodeError reports a node that was refused.
type NodeError struct {
	ID  string // as Config.ID returned it
	Err error  // wraps ErrEmptyID, ErrDuplicateID, ErrUnknownID, ErrWeight or ErrWhole
}

// Error quotes the ID and gives the reason.
func (e *NodeError) Error() string { return fmt.Sprintf("node %q: %v", e.ID, e.Err) }

// Unwrap returns the reason.
func (e *NodeError) Unwrap() error { return e.Err }

// nodeError turns an error of package nodeset into a *NodeError.
func nodeError(err error) error {
	if refused, ok := errors.AsType[*nodeset.Error](err); ok {
		return (*NodeError)(refused)
	}
	return err
}

var (
	// ErrNoID reports a Config without an ID function.
	ErrNoID = nodeset.ErrNoID
	// ErrEmptyID reports a node whose ID is the empty string.
	ErrEmptyID = nodeset.ErrEmptyID
	// ErrDuplicateID reports an ID that two nodes share.
	ErrDuplicateID = nodeset.ErrDuplicateID
	// ErrUnknownID reports a slot of an ID that no node has.
	ErrUnknownID = nodeset.ErrUnknownID
	// ErrWeight reports a weight that is negative, not a number, or greater than
	// 1e200.
	ErrWeight = nodeset.ErrWeight
	// ErrWhole reports a weight that is not a whole number of 32 bits for a scheme
	// that counts weights.
	ErrWhole = errors.New("the scheme takes whole weights from 0 to 4294967295")
	// ErrScheme reports a missing scheme or a parameter that is not valid.
	ErrScheme = errors.New("the scheme is not valid")
	// ErrTooManySlots reports weights that need more than MaxSlots slots.
	ErrTooManySlots = errors.New("the weights need too many slots")
)

// Map is an immutable set of nodes that own slots. It is safe for concurrent use.
// The zero value and a nil *Map hold no nodes and no slots.
type Map[N any] struct {
	cfg    Config[N]
	all    *nodeset.Set[N]
	owners []int32 // by slot, indices in all or none
	hasher batch.Hasher
	hash   func(key string) uint64 // of the part of a key that cfg.Key returns
	slot   func(h uint64) int      // of a hashed key
	count  int                     // nodes that own a slot
}

// New builds a map. The error is a [*NodeError] for a node that cannot be placed,
// or wraps [ErrNoID], [ErrScheme] or [ErrTooManySlots]. No nodes, or only drained
// ones, make a map that selects none.
func New[N any](nodes []N, cfg Config[N]) (*Map[N], error) {
	all, err := nodeset.New(nodes, cfg.ID, cfg.Weight)
	if err != nil {
		return nil, nodeError(err)
	}
	return build(all, cfg)
}

// build makes the map of sorted nodes.
func build[N any](all *nodeset.Set[N], cfg Config[N]) (*Map[N], error) {
	if cfg.Scheme == nil {
		return nil, fmt.Errorf("no scheme: %w", ErrScheme)
	}
	members, at := make([]member, all.Len()), make([]int32, all.Len())
	for i, id := range all.IDs {
		from := all.Order[i]
		members[from], at[from] = member{id, all.Weights[i]}, int32(i)
	}
	t, err := cfg.Scheme.assign(members)
	if err != nil {
		return nil, err
	}
	m := &Map[N]{cfg: cfg, all: all, owners: t.owners, hash: cutting(cfg.Key, t.hash.Sum), slot: t.slot}
	m.hasher = batch.Hasher{One: t.hash.Sum, All: t.hash.All, Cut: cfg.Key}
	owns := make([]bool, all.Len())
	for slot, owner := range m.owners {
		if owner == none {
			continue
		}
		m.owners[slot] = at[owner]
		if !owns[at[owner]] {
			owns[at[owner]] = true
			m.count++
		}
	}
	return m, nil
}

// cutting returns the hash of the part of a key that a function returns.
func cutting(cut func(string) string, hash func(string) uint64) func(string) uint64 {
	if cut == nil {
		return hash
	}
	return func(key string) uint64 { return hash(cut(key)) }
}

// nodes returns all nodes, none for a nil or zero Map.
func (m *Map[N]) nodes() *nodeset.Set[N] {
	if m == nil || m.all == nil {
		return new(nodeset.Set[N])
	}
	return m.all
}

// Slots returns the number of slots.
func (m *Map[N]) Slots() int {
	if m == nil {
		return 0
	}
	return len(m.owners)
}

// Slot returns the slot of a key, from 0 to Slots()-1, or false if there are no
// slots. The key may hold any bytes.
func (m *Map[N]) Slot(key string) (slot int, ok bool) {
	if m.Slots() == 0 {
		return 0, false
	}
	return m.slot(m.hash(key)), true
}

// Owner returns the node that owns a slot, or false if no node does.
func (m *Map[N]) Owner(slot int) (n N, ok bool) {
	if slot < 0 || slot >= m.Slots() || m.owners[slot] == none {
		return n, false
	}
	return m.all.Nodes[m.owners[slot]], true
}

// Select returns the node that owns the key, or false if no node does.
func (m *Map[N]) Select(key string) (n N, ok bool) {
	slot, ok := m.Slot(key)
	if !ok {
		return n, false
	}
	return m.Owner(slot)
}

// Hash returns what [Map.SelectHash] takes for the key: the scheme's hash of the part
// of it that Config.Key returns, before the scheme reduces it to a slot. It is 0 for a
// nil or zero Map.
func (m *Map[N]) Hash(key string) uint64 {
	if m == nil || m.hash == nil {
		return 0
	}
	return m.hash(key)
}

// SelectHash is [Map.Select] for a key that is hashed already: h is what [Map.Hash]
// returns. Schemes with hashes of 32 bits take its low 32 bits.
func (m *Map[N]) SelectHash(h uint64) (n N, ok bool) {
	if m.Slots() == 0 {
		return n, false
	}
	return m.Owner(m.slot(h))
}

// SelectBytes is [Map.Select] for a key in a slice, which it does not copy.
func (m *Map[N]) SelectBytes(key []byte) (n N, ok bool) { return m.Select(text(key)) }

// text returns the bytes as a string in the same memory.
func text(key []byte) string { return unsafe.String(unsafe.SliceData(key), len(key)) }

// SelectN appends n nodes for the key to dst and returns the extended slice: the
// owners of the key's slot, of the slot that follows it and so on, each once. The
// programs that schemes agree with have no such order. It appends fewer if fewer
// nodes own a slot. The result for n is a prefix of that for n+1. For n up to 16 it
// allocates at most once, to grow dst.
func (m *Map[N]) SelectN(dst []N, key string, n int) []N {
	slot, _ := m.Slot(key)
	if n = min(n, m.owning()); n <= 0 {
		return dst
	}
	return m.appendFrom(slices.Grow(dst, n), slot, n)
}

// owning returns the number of nodes that own a slot.
func (m *Map[N]) owning() int {
	if m == nil {
		return 0
	}
	return m.count
}

// few is the greatest number of nodes for which comparing each with all is faster than
// marks.
const few = 16

// appendFrom appends n owners from a slot on, each once. There are as many.
func (m *Map[N]) appendFrom(dst []N, slot, n int) []N {
	var room [few]int32
	var seen []bool
	found := room[:0]
	if n > few {
		seen = make([]bool, m.Len())
	}
	for ; n > 0; slot = m.after(slot) {
		owner := m.owners[slot]
		switch {
		case owner == none, seen != nil && seen[owner], seen == nil && slices.Contains(found, owner):
			continue
		case seen != nil:
			seen[owner] = true
		default:
			found = append(found, owner)
		}
		dst = append(dst, m.all.Nodes[owner])
		n--
	}
	return dst
}

// after returns the slot that follows a slot, the first after the last.
func (m *Map[N]) after(slot int) int {
	if slot++; slot < len(m.owners) {
		return slot
	}
	return 0
}

// Rank yields the nodes that own a slot in the order of SelectN. Stopping early
// saves work.
func (m *Map[N]) Rank(key string) iter.Seq[N] {
	return func(yield func(N) bool) {
		slot, ok := m.Slot(key)
		if !ok {
			return
		}
		seen := make([]bool, m.Len())
		for found := 0; found < m.count; slot = m.after(slot) {
			owner := m.owners[slot]
			if owner == none || seen[owner] {
				continue
			}
			seen[owner] = true
			found++
			if !yield(m.all.Nodes[owner]) {
				return
			}
		}
	}
}

// Owns reports whether the node with the given ID is among the first n nodes for
// the key, which are those that SelectN returns.
func (m *Map[N]) Owns(key, id string, n int) bool {
	at, ok := m.nodes().Find(id)
	if !ok || n <= 0 {
		return false
	}
	slot, ok := m.Slot(key)
	if !ok {
		return false
	}
	if n == 1 {
		return m.owners[slot] == int32(at)
	}
	seen := make([]bool, m.Len())
	for found := 0; found < min(n, m.count); slot = m.after(slot) {
		switch owner := m.owners[slot]; {
		case owner == int32(at):
			return true
		case owner != none && !seen[owner]:
			seen[owner] = true
			found++
		}
	}
	return false
}

// Len returns the number of nodes, drained ones included.
func (m *Map[N]) Len() int { return m.nodes().Len() }

// All yields every node by ascending ID, drained ones included.
func (m *Map[N]) All() iter.Seq[N] { return slices.Values(m.nodes().Nodes) }

// Node returns the node with the given ID, drained or not, or false if there is
// none.
func (m *Map[N]) Node(id string) (n N, ok bool) {
	if i, found := m.nodes().Find(id); found {
		return m.all.Nodes[i], true
	}
	return n, false
}

// Weight returns the weight of the node with the given ID, 0 if it is drained, or
// false if there is no such node.
func (m *Map[N]) Weight(id string) (w float64, ok bool) {
	if i, found := m.nodes().Find(id); found {
		return m.all.Weights[i], true
	}
	return 0, false
}

// Checksum identifies the placement: two maps with one checksum give every key to
// the node with the same ID. It depends on the scheme, on Config.Key by its results
// for fixed keys, on the IDs and weights, and on the owner of every slot. It is 0 for
// a nil or zero Map, and takes time proportional to the number of slots.
func (m *Map[N]) Checksum() uint64 {
	if m == nil || m.cfg.Scheme == nil {
		return 0
	}
	sum := nodeset.NewChecksum("slots v1")
	sum.String(m.cfg.Scheme.String())
	for i, id := range m.all.IDs {
		sum.String(id)
		sum.Uint64(math.Float64bits(m.all.Weights[i]))
	}
	sum.Uint64(uint64(len(m.owners)))
	fold := uint64(0)
	for _, owner := range m.owners {
		fold = prf.Finalize(fold + uint64(owner+1) + 1)
	}
	sum.Uint64(fold)
	if m.cfg.Key != nil {
		sum.Key(m.cfg.Key)
	}
	return sum.Sum()
}

// wholeWeights refuses members whose weight is not a whole number of 32 bits.
func wholeWeights(members []member) error {
	for _, m := range members {
		if m.weight != math.Trunc(m.weight) || m.weight > math.MaxUint32 {
			return &NodeError{ID: m.id, Err: fmt.Errorf("weight %v: %w", m.weight, ErrWhole)}
		}
	}
	return nil
}
