package figures

import (
	"cmp"
	"net"
	"slices"
	"strings"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/mapper"
)

// nodesView is the list of nodes as a program may see it.
type nodesView struct {
	note   string // how it differs from the list given; "" if it does not
	nodes  []mapper.Node
	places []int // places[i] is the index of nodes[i] in the list given
	label  label // what algorithms hash of a node
}

// label is what algorithms hash of a node.
type label int

const (
	ownLabel     label = iota // the ID or the address, as the algorithm does
	addressLabel              // the address, also if the algorithm hashes IDs
	changedLabel              // another text
)

// permits reports whether the settings may be another placement on the view than
// on simpler ones, or than simpler settings.
func (v nodesView) permits(s place.Settings) bool {
	switch v.label {
	case addressLabel:
		return !s.TakesHashBy()
	case changedLabel:
		return s.HashBy == ""
	default:
		return true
	}
}

// nodesViews returns the views of the nodes, each once: as they are, then with one
// difference, then with several.
func nodesViews(nodes []mapper.Node) []nodesView {
	given := nodesView{nodes: nodes, places: make([]int, len(nodes))}
	for i := range nodes {
		given.places[i] = i
	}
	views := []nodesView{given}
	for _, changes := range [][]change{relabelings(), {{"without weights", ownLabel, withoutWeight}}} {
		for _, v := range slices.Clone(views) {
			for _, c := range changes {
				views = append(views, v.changed(c))
			}
		}
	}
	for _, v := range slices.Clone(views) {
		views = append(views,
			v.sorted("by ID", func(n mapper.Node) string { return n.ID() }),
			v.sorted("by address", mapper.Node.Address))
	}
	slices.SortStableFunc(views, func(a, b nodesView) int {
		return cmp.Compare(differences(a.note), differences(b.note))
	})
	return distinctViews(views)
}

func differences(note string) int {
	if note == "" {
		return 0
	}
	return 1 + strings.Count(note, ", ")
}

// change is a difference of a view.
type change struct {
	note  string
	label label
	apply func(mapper.Node) mapper.Node
}

// relabelings returns the changes of what algorithms hash: programs differ in
// whether that is a name or an address, and in whether it has the default port.
func relabelings() []change {
	all := []change{
		{"addresses hashed", addressLabel, labeled(mapper.Node.Address)},
		{"addresses without ports", changedLabel, labeled(func(n mapper.Node) string {
			if host, _, err := net.SplitHostPort(n.Address()); err == nil {
				return host
			}
			return n.Address()
		})},
	}
	for _, port := range []string{":11211", ":6379", ":80"} {
		all = append(all,
			change{"addresses without " + port, changedLabel, labeled(func(n mapper.Node) string { return strings.TrimSuffix(n.Address(), port) })},
			change{"addresses with " + port + " if they lack a port", changedLabel, labeled(func(n mapper.Node) string {
				if _, _, err := net.SplitHostPort(n.Address()); err == nil {
					return n.Address()
				}
				return n.Address() + port
			})})
	}
	return all
}

// labeled makes a text both the ID and the address of a node.
func labeled(label func(mapper.Node) string) func(mapper.Node) mapper.Node {
	return func(n mapper.Node) mapper.Node {
		n.Name = label(n)
		n.Addr = ""
		return n
	}
}

func withoutWeight(n mapper.Node) mapper.Node {
	n.Weight = 0
	n.Drain = n.Drain || n.Capacity() == 0
	return n
}

// changed returns the view with a change to every node.
func (v nodesView) changed(c change) nodesView {
	changed := make([]mapper.Node, len(v.nodes))
	for i, n := range v.nodes {
		changed[i] = c.apply(n)
	}
	return nodesView{note: join(v.note, c.note), nodes: changed, places: v.places, label: max(v.label, c.label)}
}

// sorted returns the view in ascending order of a text.
func (v nodesView) sorted(note string, text func(mapper.Node) string) nodesView {
	places := make([]int, len(v.nodes))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(text(v.nodes[a]), text(v.nodes[b])) })
	s := nodesView{note: join(v.note, note), label: v.label}
	for _, i := range places {
		s.nodes, s.places = append(s.nodes, v.nodes[i]), append(s.places, v.places[i])
	}
	return s
}

func join(note, more string) string {
	if note == "" {
		return more
	}
	return note + ", " + more
}

// distinctViews drops the views that equal an earlier one to every algorithm.
func distinctViews(views []nodesView) (kept []nodesView) {
	same := func(a, b mapper.Node) bool {
		return a.ID() == b.ID() && a.Address() == b.Address() && a.Capacity() == b.Capacity()
	}
	for _, v := range views {
		if !slices.ContainsFunc(kept, func(k nodesView) bool { return slices.EqualFunc(k.nodes, v.nodes, same) }) {
			kept = append(kept, v)
		}
	}
	return kept
}
