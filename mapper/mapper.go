// Package mapper says who is there: it defines the nodes that a source of
// service discovery reports, and the interface such a source implements.
//
// A source is anything that can list nodes: a file, a Consul server, a gossip
// cluster. Each lives in a package of its own below this one and depends on
// one technology. What a caller does with the nodes is not decided here; hand
// them to rendezvous or ring:
//
//	nodes, err := source.Nodes(ctx)
//	set, err := rendezvous.New(nodes, rendezvous.Config[mapper.Node]{
//		ID:     mapper.Node.ID,
//		Weight: mapper.Node.Capacity,
//	})
//
// # Staying up to date
//
// Follow builds such a set once more after every change, and its View answers
// without a lock while the source changes, fails or is gone; View.Age says for
// how long it may have been stale. Watch is the loop beneath it, for those who
// want the changes themselves. What is not a Watcher is polled.
//
// # Wrappers
//
// A source in, a source out; they go around each other. In the order in which
// they are usually wanted, from the inside:
//
//	var m mapper.Mapper = &mapper.Merge{Sources: []mapper.Mapper{a, b}} // one set of several sources
//	m = &mapper.Quiet{Source: m, Min: time.Second}                      // waits until changes calm down
//	m = &mapper.Guard{Source: m, MaxDrop: 0.5}                          // refuses a mass deregistration
//	m = &mapper.Cached{Source: m, Path: "nodes.json"}                   // survives an outage at the start
//
// Their order matters: a Cached keeps only what the wrappers within let pass.
package mapper

import (
	"context"
	"iter"
)

// Mapper is a source of nodes.
//
// Nodes asks the source once. What it returns is the caller's own, tags and
// metadata included, and every name occurs in it once. Having no nodes is an
// answer, not an error. Sources that discover their nodes sort them by name.
// Nodes ends with the context, returns no nodes beside an error, and may be
// called by several goroutines at once.
//
// Package mappertest checks all of this for any source.
type Mapper interface {
	Nodes(ctx context.Context) ([]Node, error)
}

// Watcher is a Mapper that notices changes by itself.
//
// Watch yields the whole set of nodes, first as it is and again after each
// change. An empty set with a nil error means that there is authoritatively
// nobody; an error means that the source could not be asked and is still
// being tried, so the set before it still stands. Each snapshot is the
// consumer's own. The sequence ends when the context does or when the consumer
// stops, and leaves no goroutine behind. Every call is a watch of its own.
type Watcher interface {
	Mapper
	Watch(ctx context.Context) iter.Seq2[[]Node, error]
}

// Func makes a source of a function, for a caller whose nodes come from
// somewhere that has no package here. The function must keep the promises of
// Mapper.
type Func func(ctx context.Context) ([]Node, error)

// Nodes calls the function.
func (f Func) Nodes(ctx context.Context) ([]Node, error) { return f(ctx) }
