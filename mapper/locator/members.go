package locator

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/proxenos/proxenos/internal/connlimit"
	"github.com/proxenos/proxenos/mapper"
)

// MaxMembers is the maximum number of members of a network. A server refuses more,
// so that peers cannot fill its memory. A chain of calls can inform as many.
const MaxMembers = 1000

// Algorithm builds the function that returns the owner of a key from the members,
// sorted by name. A server calls it after each change of membership. The Select
// method of a ring or of a rendezvous set is such a function.
type Algorithm func(nodes []mapper.Node) (Locate, error)

// Locate returns the owner of a key; ok is false if there is none. It must be safe
// for concurrent use.
type Locate func(key string) (owner mapper.Node, ok bool)

// noOwner is the Locate of a server without an Algorithm or members.
func noOwner(string) (mapper.Node, bool) { return mapper.Node{}, false }

// members is the member list and what derives from it. Readers load an immutable
// view. Writers are serialized and make no calls.
type members struct {
	algorithm Algorithm
	mu        sync.Mutex
	hosts     map[string][]netip.Addr // addresses of members whose hosts are names, by member
	view      atomic.Pointer[view]
	feed      mapper.Feed
}

// view is the member list at one moment. It is immutable.
type view struct {
	nodes       []mapper.Node   // sorted by name
	narrow      []mapper.Node   // nodes whose ports the wire of 2009 can hold
	origins     map[string]bool // addresses of the nodes, as connlimit.Origin returns them
	owner       Locate
	narrowOwner Locate // among the narrow nodes
}

func newMembers(algorithm Algorithm) *members {
	m := &members{algorithm: algorithm, hosts: map[string][]netip.Addr{}}
	m.view.Store(&view{owner: noOwner, narrowOwner: noOwner})
	m.feed.Set(mapper.Update{})
	return m
}

func (m *members) load() *view { return m.view.Load() }

// add adds nodes and returns those that are new.
func (m *members) add(nodes ...mapper.Node) (added []mapper.Node, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.load()
	next := slices.Clone(old.nodes)
	for _, n := range nodes {
		at, found := slices.BinarySearchFunc(next, n, byName)
		if !found {
			next = slices.Insert(next, at, n)
			added = append(added, n)
		}
	}
	if len(next) > MaxMembers && len(added) > 0 {
		return nil, fmt.Errorf("%w: %d members, want at most %d", errFull, len(next), MaxMembers)
	}
	return added, m.replace(old, next)
}

// errFull means that a network has [MaxMembers].
var errFull = errors.New("the network is full")

// checkRoom returns an error if the name is new and there are MaxMembers already.
func (m *members) checkRoom(name string) error {
	if v := m.load(); len(v.nodes) >= MaxMembers && !v.has(name) {
		return fmt.Errorf("node %q: %w: it has %d members", name, errFull, len(v.nodes))
	}
	return nil
}

// remove removes the node of a name and reports whether it was a member.
func (m *members) remove(name string) (removed bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.load()
	next := slices.DeleteFunc(slices.Clone(old.nodes), func(n mapper.Node) bool { return n.Name == name })
	return len(next) < len(old.nodes), m.replace(old, next)
}

// resolved notes the addresses of the host of a member.
func (m *members) resolved(name string, addrs []netip.Addr) {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := *m.load()
	if !next.has(name) {
		return
	}
	m.hosts[name] = addrs
	next.origins = m.originsOf(next.nodes)
	m.view.Store(&next)
}

// replace makes nodes the member list, unless they are already. If the algorithm
// rejects them the list stays.
func (m *members) replace(old *view, nodes []mapper.Node) error {
	if slices.EqualFunc(old.nodes, nodes, sameName) {
		return nil
	}
	next := &view{nodes: nodes}
	next.narrow = slices.DeleteFunc(slices.Clone(nodes), isWide)
	var err error
	if next.owner, err = m.locate(next.nodes); err != nil {
		return err
	}
	if next.narrowOwner = next.owner; len(next.narrow) < len(nodes) {
		if next.narrowOwner, err = m.locate(next.narrow); err != nil {
			return err
		}
	}
	maps.DeleteFunc(m.hosts, func(name string, _ []netip.Addr) bool { return !next.has(name) })
	next.origins = m.originsOf(nodes)
	m.view.Store(next)
	m.feed.Set(mapper.Update{Nodes: nodes})
	return nil
}

// originsOf returns the addresses of the nodes, as far as they are known.
func (m *members) originsOf(nodes []mapper.Node) map[string]bool {
	origins := make(map[string]bool, len(nodes))
	for _, n := range nodes {
		addrs := m.hosts[n.Name]
		if at, err := netip.ParseAddrPort(n.Addr); err == nil {
			addrs = []netip.Addr{at.Addr()}
		}
		for _, a := range addrs {
			origins[connlimit.Origin(net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))] = true
		}
	}
	return origins
}

func (m *members) locate(nodes []mapper.Node) (Locate, error) {
	if m.algorithm == nil || len(nodes) == 0 {
		return noOwner, nil
	}
	return m.algorithm(slices.Clone(nodes))
}

// has reports whether there is a node of the name.
func (v *view) has(name string) bool {
	_, found := slices.BinarySearchFunc(v.nodes, mapper.Node{Name: name}, byName)
	return found
}
