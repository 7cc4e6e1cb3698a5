package mapper

import (
	"context"
	"errors"
	"iter"
	"time"
)

// Mapper is a source of nodes.
//
// Nodes asks the source once. The caller owns the result, tags and metadata
// included, and every name occurs in it once. An empty result with a nil error
// means that the source has no nodes. Sources that discover their nodes sort
// them by name.
//
// Nodes returns when the context ends, and may be called by several goroutines
// at once. It never returns nodes with an error, with one exception: with a
// [*PartialError] it returns the usable nodes of a set that also holds
// unusable records. Callers may use these nodes.
//
// Package mappertest checks all of this for any source.
type Mapper interface {
	Nodes(ctx context.Context) ([]Node, error)
}

// Asker is a Mapper that also says how sure its answer is. [Ask] falls back to
// Nodes for a Mapper that is not an Asker.
//
// Ask asks the source once, under the same rules as Nodes. An error means that
// there is no answer, and the Update is zero then. Otherwise Update.Nodes is a
// set, and Update.Err says why it may be stale: [Cached] answers with its
// snapshot and a [*StaleError], for example.
type Asker interface {
	Mapper
	Ask(ctx context.Context) (Update, error)
}

// Watcher is a Mapper that notices changes by itself.
//
// Watch yields an Update with the current set, and another one after each
// change: of the set, of the reason why it may be stale, or of how sure it is.
// A source that fails yields an Update for each failed attempt and keeps
// trying. The consumer owns each Update. While the consumer is busy, newer
// updates may replace older ones.
//
// The sequence ends when the context ends or when the consumer stops, and
// leaves no goroutine behind. Each call is a watch of its own, and several may
// run at once. A [Feed] keeps these promises for a source that is written on
// top of it.
type Watcher interface {
	Mapper
	Watch(ctx context.Context) iter.Seq[Update]
}

// Func makes a Mapper of a function, for nodes that come from somewhere without
// a package here. The function must keep the promises of Mapper.
type Func func(ctx context.Context) ([]Node, error)

// Nodes calls the function.
func (f Func) Nodes(ctx context.Context) ([]Node, error) { return f(ctx) }

// Ask asks m once, by [Asker] if it is one. Otherwise it calls Nodes and takes
// the answer as live: confirmed now, and partial if there is a [*PartialError].
func Ask(ctx context.Context, m Mapper) (Update, error) {
	if a, ok := m.(Asker); ok {
		return a.Ask(ctx)
	}
	nodes, err := m.Nodes(ctx)
	partial, ok := errors.AsType[*PartialError](err)
	if err != nil && !ok {
		return Update{}, err
	}
	u := Update{Nodes: nodes, Confirmed: time.Now()}
	if ok {
		u.Skipped = partial.Skipped
	}
	return u, nil
}

// nodesOf is Nodes for an Asker.
func nodesOf(ctx context.Context, a Asker) ([]Node, error) {
	u, err := a.Ask(ctx)
	if err != nil {
		return nil, err
	}
	return u.Nodes, u.Partial()
}
