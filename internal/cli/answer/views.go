package answer

import (
	"github.com/proxenos/proxenos/mapper"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// NodeView is the output form of a node.
type NodeView struct {
	ID      string  `json:"id"`
	Address string  `json:"address"`
	Weight  float64 `json:"weight"`
	Zone    string  `json:"zone,omitempty"`
	Domain  string  `json:"domain,omitempty"`
}

// Views returns the output forms of nodes. If escaped is set, control characters
// in them are escaped.
func Views(nodes []mapper.Node, escaped bool) []NodeView {
	views := make([]NodeView, len(nodes))
	for i, n := range nodes {
		v := NodeView{ID: n.ID(), Address: n.Address(), Weight: n.Capacity(), Zone: n.Zone, Domain: n.Domain}
		if escaped {
			for _, text := range v.texts() {
				*text = term.Printable(*text)
			}
		}
		views[i] = v
	}
	return views
}

// EscapedViews is like [Views], but also escapes text that is special to logs of
// CI systems.
func EscapedViews(nodes []mapper.Node, escaped bool) []NodeView {
	views := Views(nodes, false)
	if escaped {
		Escape(views)
	}
	return views
}

// Escape escapes control characters in views, and text that is special to logs of
// CI systems.
func Escape(views []NodeView) {
	for i := range views {
		for _, text := range views[i].texts() {
			*text = term.Escape(*text)
		}
	}
}

// texts returns the fields that hold text of a source.
func (v *NodeView) texts() []*string { return []*string{&v.ID, &v.Address, &v.Zone, &v.Domain} }
