package node

import (
	"context"
	"time"

	"github.com/proxenos/proxenos/mapper"
)

// Cluster is the membership of the store. It reports the members, this node included.
// The name of a member is the host:port that it serves at. Its metadata holds its
// state under [StateKey].
type Cluster interface {
	mapper.Watcher
	// SetState publishes the state of this node.
	SetState(ctx context.Context, state State) error
	// Leave announces that this node has left.
	Leave(ctx context.Context) error
}

// StateKey is the metadata key of a member's state.
const StateKey = "state"

// calm is how long members must not change for this node to place keys by them, so
// that nodes that start at once cause few placements.
const calm = 20 * time.Millisecond

// maxDrop is the greatest share of members that may disappear at once. If more do, as
// when this node is cut off, it keeps its placement for a while: its writes fail, and
// are not acknowledged with a single copy.
const maxDrop = 0.5

// follow keeps the placement of this node current until Close.
func (n *Node) follow(ctx context.Context) (err error) {
	var source mapper.Mapper = &mapper.Debounce{Source: n.cfg.Cluster, Min: calm}
	source = &mapper.Guard{Source: source, MaxDrop: maxDrop, DropFor: 2 * n.cfg.Settle}
	n.view, err = mapper.FollowWith(ctx, source, n.place, mapper.FollowConfig[*placement]{
		Observe:      func(mapper.Event) { n.scheduleRepair() },
		KeepPrevious: n.cfg.Settle,
		Log:          n.cfg.Log,
	})
	return err
}

func (n *Node) place(nodes []mapper.Node) (*placement, error) {
	members := make([]Member, len(nodes))
	for i, node := range nodes {
		members[i] = Member{Name: node.Name, Zone: node.Zone, State: node.Meta[StateKey]}
		if s := members[i].State; s != StateServing && s != StateLeaving {
			members[i].State = StateJoining
		}
	}
	return newPlacement(members, n.cfg.Replicas, time.Now())
}

// current returns the placement by the members that this node knows now.
func (n *Node) current() *placement { return n.view.Value() }

// settling reports whether other nodes may use a different placement.
func (n *Node) settling(p *placement) bool {
	return p.changing() || time.Since(p.since) < n.cfg.Settle
}
