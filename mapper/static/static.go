// Package static is a source of nodes that are listed in code, in flags, in a
// file or on standard input. It keeps the order given, as some layouts of package
// ring depend on it.
//
// # Lists
//
// A list is text, JSON, YAML or CSV in UTF-8, of at most [MaxSize] bytes, or
// [MaxYAMLSize] in YAML. One that begins with {"schema" is JSON. A name that ends
// in .json, .yaml, .yml or .csv decides; otherwise the content does: a list that begins with "{", with "["
// before a "{", a "]" or a quotation mark is JSON, one whose first line
// (comments aside) begins with "- " or "---" or is "nodes:" is YAML, one whose
// first line is a header such as "id,address" is CSV, and anything else is text.
//
// # Text
//
// One node a line: its ID, its address if it has one, and options.
//
//	# id   address        options
//	web-1  10.0.0.1:8080  w=2 zone=a
//	web-2  10.0.0.2:8080  zone=b tags=canary,blue rack=r7  # comment
//	web-3  10.0.0.3:8080  drain
//	"a b"  [::1]:80       note="with \"blanks\""
//	192.168.0.3:8080
//
// Options are w (or weight; 0 drains the node), zone, domain (a path of failure
// domains, such as eu/eu-1/r07), tags (comma-separated), tag (one tag, may be
// repeated), addr (or address) and drain. Any other key=value is metadata. "#" begins a comment at the start of a line or after
// a blank. A word that holds blanks, quotation marks or "=" is quoted as in Go,
// and so is an ID, an address or a zone that holds a comma. A quoted key is
// metadata even if it is the name of an option.
//
// # JSON and YAML
//
// An array of nodes, or an object that has one as "nodes". A node is its ID
// alone or an object:
//
//	{"nodes": [
//	  "web-1",
//	  {"id": "web-2", "address": "10.0.0.2:8080", "weight": 2, "zone": "b",
//	   "drain": false, "tags": ["canary"], "meta": {"rack": "r7"}}
//	]}
//
// Other fields are errors, and so are YAML aliases and tags. YAML scalars are
// taken as they were typed: an ID 010 is "010", a zone no is "no".
//
// # CSV
//
// A header and one node a row, as proxenos nodes -o csv writes it. The columns
// are id and, in any order, address, weight, zone, domain, tags (comma-separated)
// and drain. An empty cell is not given.
//
// # What a node must be
//
// An ID is not empty; weights are from 0 to [mapper.MaxWeight]; an address is
// host:port, or a host alone, with a port of 1 to 65535; a domain has no empty
// name between its slashes. Control characters are
// allowed in the values of metadata only, and there only escaped. A node given
// twice with the same data counts once; with other data it is an error.
package static

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/proxenos/proxenos/internal/nodelist"
	"github.com/proxenos/proxenos/mapper"
)

// List is a source whose nodes never change. It is safe for concurrent use.
type List struct {
	nodes   []mapper.Node
	skipped []error // why the list is partial
}

var _ mapper.Watcher = (*List)(nil)

// New returns a source of nodes given in code. It copies them.
func New(nodes []mapper.Node) (*List, error) {
	list, err := nodelist.Build(listOf(mapper.Clone(nodes)))
	if err != nil {
		return nil, exported(err)
	}
	return &List{nodes: nodesOf(list)}, nil
}

// Read returns a source of a list that can be read only once, such as standard
// input. The name chooses the format and appears in errors.
func Read(r io.Reader, name string) (*List, error) {
	nodes, err := parseFrom(r, name)
	partial, ok := errors.AsType[*mapper.PartialError](err)
	switch {
	case ok:
		return &List{nodes, partial.Skipped}, nil
	case err != nil:
		return nil, err
	}
	return &List{nodes: nodes}, nil
}

// Nodes returns the list.
func (l *List) Nodes(ctx context.Context) ([]mapper.Node, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return mapper.Clone(l.nodes), mapper.Update{Skipped: l.skipped}.Partial()
}

// Watch yields the list once and then waits for the end of the context.
func (l *List) Watch(ctx context.Context) iter.Seq[mapper.Update] {
	return func(yield func(mapper.Update) bool) {
		u := mapper.Update{Nodes: mapper.Clone(l.nodes), Skipped: slices.Clone(l.skipped), Confirmed: time.Now()}
		if ctx.Err() != nil || !yield(u) {
			return
		}
		<-ctx.Done()
	}
}
