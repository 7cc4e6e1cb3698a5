package source

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/static"
)

// each returns the flags of each source: one for each backend, and for each
// datacenter of Consul.
func (o *Flags) each() []*Flags {
	var all []*Flags
	for _, name := range o.sourceNames() {
		one := *o
		one.Backend, one.backends = name, []string{name}
		if !o.portGiven {
			one.port = one.choice().port
		}
		if name != "consul" || len(o.consul.datacenters) == 0 {
			all = append(all, &one)
			continue
		}
		for _, datacenter := range o.consul.datacenters {
			in := one
			in.consul.datacenter, in.consul.datacenters = datacenter, nil
			all = append(all, &in)
		}
	}
	return all
}

// label names a source among several: consul, or consul/dc2 among datacenters.
func (o *Flags) label(datacenters int) string {
	if o.Backend == "consul" && datacenters > 1 {
		return o.Backend + "/" + o.consul.datacenter
	}
	return o.Backend
}

// open opens the source that the flags choose. Several are merged.
func (o *Flags) open(ctx context.Context, std *term.Streams) (mapper.Mapper, error) {
	each := o.each()
	if len(each) == 1 && !o.prefix {
		return each[0].openOne(ctx, std)
	}
	merged := &mapper.Merge{Strict: true}
	for _, one := range each {
		source, err := one.openOne(ctx, std)
		if err != nil {
			return nil, err
		}
		label := one.label(len(o.consul.datacenters))
		part := explained{Watcher: &mapper.Polled{Source: source, Every: o.poll}, explain: one.choice().explain}
		if o.prefix {
			part.prefix = label + "/"
		}
		merged.Sources = append(merged.Sources, part)
		merged.Names = append(merged.Names, label)
	}
	return merged, nil
}

// openOne opens the source of one backend.
func (o *Flags) openOne(ctx context.Context, std *term.Streams) (mapper.Mapper, error) {
	source, err := o.choice().open(ctx, o, std)
	if list, ok := source.(staticSource); ok {
		if file, ok := list.file.(*static.File); ok {
			return watchedFile{list, file}, err
		}
	}
	return source, err
}

// explained is a source whose errors have exit codes and hints, and whose nodes
// may have a prefix before their names.
type explained struct {
	mapper.Watcher
	explain func(error) error
	prefix  string
}

// Nodes asks the source.
func (e explained) Nodes(ctx context.Context) ([]mapper.Node, error) {
	u, err := e.Ask(ctx)
	if err != nil {
		return nil, err
	}
	return u.Nodes, u.Partial()
}

// Ask asks the source.
func (e explained) Ask(ctx context.Context) (mapper.Update, error) {
	u, err := mapper.Ask(ctx, e.Watcher)
	if err != nil && ctx.Err() == nil {
		err = e.explain(err)
	}
	return e.named(u), err
}

// Watch watches the source.
func (e explained) Watch(ctx context.Context) iter.Seq[mapper.Update] {
	return func(yield func(mapper.Update) bool) {
		for u := range e.Watcher.Watch(ctx) {
			if u.Err != nil {
				u.Err = e.explain(u.Err)
			}
			if !yield(e.named(u)) {
				return
			}
		}
	}
}

// named puts the prefix before the names of nodes.
func (e explained) named(u mapper.Update) mapper.Update {
	if e.prefix == "" {
		return u
	}
	for i := range u.Nodes {
		u.Nodes[i].Name = e.prefix + u.Nodes[i].Name
	}
	return u
}

// sourceNames returns the names of the chosen backends.
func (o *Flags) sourceNames() []string {
	if len(o.backends) == 0 { // flags that no command line gave
		return []string{o.Backend}
	}
	return o.backends
}

// names of the sources, for messages.
func (o *Flags) names() string { return strings.Join(o.sourceNames(), ", ") }

// choice returns the chosen backend, or one that stands for several.
func (o *Flags) choice() backend {
	if len(o.backends) > 1 {
		return backend{name: o.names(), explain: explainSeveral, empty: "none of the sources has nodes; proxenos nodes lists those of one"}
	}
	return backends[slices.IndexFunc(backends, func(b backend) bool { return b.name == o.Backend })]
}

// explainSeveral adds a hint to an error of several sources. Those of one source
// have theirs already.
func explainSeveral(err error) error {
	var conflict *mapper.ConflictError
	if errors.As(err, &conflict) {
		return term.Hint(err, "make them equal, or put the names of the sources before those of nodes with --prefix-source")
	}
	return err
}
