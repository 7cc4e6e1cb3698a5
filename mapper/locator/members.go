package locator

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/proxenos/proxenos/mapper"
)

// Algorithm builds the function that returns the owner of a key from the members,
// sorted by name. A server calls it after each change of membership. The Select
// method of a ring or of a rendezvous set is such a function.
type Algorithm func(nodes []mapper.Node) (Locate, error)

// Locate returns the owner of a key; ok is false when there is nobody. It must
// be safe for any number of goroutines.
type Locate func(key string) (owner mapper.Node, ok bool)

// nobody is the Locate of a server without an Algorithm.
func nobody(string) (mapper.Node, bool) { return mapper.Node{}, false }

// members is the list of nodes and what is derived from it. Readers load one
// immutable view; writers are serialised and never call the network.
type members struct {
	algorithm Algorithm
	mu        sync.Mutex
	view      atomic.Pointer[view]
	feed      mapper.Feed // of the nodes, to those who watch
}

// view is the list at one moment. Nothing in it is ever changed.
type view struct {
	nodes   []mapper.Node // sorted by name
	narrow  []mapper.Node // those that 2009 can write
	owner   Locate
	owner09 Locate // among the narrow ones
}

func newMembers(algorithm Algorithm) *members {
	m := &members{algorithm: algorithm}
	m.view.Store(&view{owner: nobody, owner09: nobody})
	m.feed.Set(mapper.Update{})
	return m
}

func (m *members) load() *view { return m.view.Load() }

// add adds nodes and reports which were not there before.
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
	return added, m.replace(old, next)
}

// remove removes the node with the name and reports whether it was there.
func (m *members) remove(name string) (removed bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.load()
	next := slices.DeleteFunc(slices.Clone(old.nodes), func(n mapper.Node) bool { return n.Name == name })
	return len(next) < len(old.nodes), m.replace(old, next)
}

// replace makes nodes the list, unless it is the list already. A list that the
// algorithm refuses is not taken over.
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
	if next.owner09 = next.owner; len(next.narrow) < len(nodes) {
		if next.owner09, err = m.locate(next.narrow); err != nil {
			return err
		}
	}
	m.view.Store(next)
	m.feed.Set(mapper.Update{Nodes: nodes})
	return nil
}

func (m *members) locate(nodes []mapper.Node) (Locate, error) {
	if m.algorithm == nil || len(nodes) == 0 {
		return nobody, nil
	}
	return m.algorithm(slices.Clone(nodes))
}

// has reports whether there is a node with the name.
func (v *view) has(name string) bool {
	_, found := slices.BinarySearchFunc(v.nodes, mapper.Node{Name: name}, byName)
	return found
}
