// Package registry is a source of nodes that a test changes.
package registry

import (
	"context"
	"iter"

	"github.com/proxenos/proxenos/mapper"
)

// Registry is a [mapper.Watcher]. The zero value has not answered yet.
type Registry struct{ feed mapper.Feed }

// Of returns a registry of nodes.
func Of(nodes ...mapper.Node) *Registry {
	r := new(Registry)
	r.Set(nodes...)
	return r
}

// Set replaces the nodes.
func (r *Registry) Set(nodes ...mapper.Node) {
	r.feed.Set(mapper.Update{Nodes: mapper.Clone(nodes)})
}

// Nodes returns the nodes.
func (r *Registry) Nodes(context.Context) ([]mapper.Node, error) {
	u, ok := r.feed.Latest()
	if !ok {
		return nil, mapper.ErrNoAnswer
	}
	return u.Nodes, nil
}

// Watch yields the nodes and every change of them.
func (r *Registry) Watch(ctx context.Context) iter.Seq[mapper.Update] { return r.feed.Watch(ctx) }
