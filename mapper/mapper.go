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
