package locator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// A change of membership travels along a chain of calls: each node calls one member
// that does not know of the change. The call carries the authorities, the nodes
// that know of it; each node appends itself.
//
//	join(E) -> A -> add(E, [A A]) -> B -> add(E, [A A B]) -> C
//
// The node that serves the join is its own first authority, hence [A A]. Nodes send
// the list as they received it, as in 2009, and read it as a set. A chain always
// ends, even if a call is forged: each call makes the list longer, a node that is
// an authority does not forward, and a list of maxAuthorities is refused.

// maxAuthorities bounds the length of a chain.
const maxAuthorities = 1024

// change is a member that joined or left.
type change struct {
	node    mapper.Node
	removed bool
}

// send sends the change to a member.
func (c change) send(ctx context.Context, to *Client, authorities []*wire.Location) error {
	if c.removed {
		return to.wire().Remove(ctx, locationOf(c.node), authorities)
	}
	return to.wire().Add(ctx, locationOf(c.node), authorities)
}

// forward sends a change to the first reachable member, by name, that is not an
// authority.
func (s *Server) forward(ctx context.Context, c change, authorities []*wire.Location) {
	informed := namesOf(authorities)
	for _, n := range s.members.load().nodes {
		if informed[n.Name] || n.Name == s.self.Name || n.Name == c.node.Name || !s.canHold(ctx, n, c) {
			continue
		}
		err := c.send(ctx, s.Client(n), authorities)
		if err == nil || ctx.Err() != nil {
			return
		}
		s.Unreachable(n, err)
	}
}

// canHold reports whether a member can hold the node of a change in its list. A
// member of 2009 cannot hold a wide port; it keeps its list, and nodes that it
// sends requests to know the actual owner.
func (s *Server) canHold(ctx context.Context, n mapper.Node, c change) bool {
	if !isWide(c.node) || isWide(n) {
		return true
	}
	if known, ok := s.wide.Load(n.Name); ok {
		return known.(bool)
	}
	wide, err := s.Client(n).supportsWide(ctx)
	if err != nil {
		return true // the call to the member will fail as well
	}
	s.wide.Store(n.Name, wide)
	return wide
}

// namesOf returns the set of the names of valid locations.
func namesOf(locations []*wire.Location) map[string]bool {
	set := make(map[string]bool, len(locations))
	for _, l := range locations {
		if n, err := nodeOf(l); err == nil {
			set[n.Name] = true
		}
	}
	return set
}

// receive checks a change that a peer sent. It reports whether to forward it: a
// change with this node as an authority has come back under another name.
func (s *Server) receive(ctx context.Context, l *wire.Location, authorities []*wire.Location) (node mapper.Node, forward bool, err error) {
	if len(authorities) >= maxAuthorities {
		return mapper.Node{}, false, fmt.Errorf("%d authorities: want fewer than %d", len(authorities), maxAuthorities)
	}
	node, err = s.admit(ctx, l)
	return node, !namesOf(authorities)[s.self.Name], err
}

// Join adds a node, forwards the change, and pings the node until it answers. It
// removes the node again if that never answers.
func (s *Server) Join(ctx context.Context, l *wire.Location) error {
	node, err := s.admit(ctx, l)
	if err != nil {
		return s.refuse("join", err)
	}
	if node.Name == s.self.Name {
		return s.refuse("join", errSelf)
	}
	if err := s.members.checkRoom(node.Name); err != nil {
		return s.refuse("join", err)
	}
	s.addMember(ctx, node, s.withSelf(nil), true)
	if err := s.awaitPing(ctx, node); err != nil {
		s.warn("node joined but does not answer", err, "node", node.Name)
		s.removeMember(ctx, node, s.withSelf(nil), true)
	}
	return nil
}

// Add adds a node and forwards the change.
func (s *Server) Add(ctx context.Context, l *wire.Location, authorities []*wire.Location) error {
	node, forward, err := s.receive(ctx, l, authorities)
	if err == nil {
		err = s.members.checkRoom(node.Name)
	}
	if err != nil {
		return s.refuse("add", err)
	}
	s.addMember(ctx, node, authorities, forward)
	return nil
}

// Remove removes a node and forwards the change.
func (s *Server) Remove(ctx context.Context, l *wire.Location, authorities []*wire.Location) error {
	node, forward, err := s.receive(ctx, l, authorities)
	if err == nil && node.Name == s.self.Name {
		err = errSelf
	}
	if err != nil {
		return s.refuse("remove", err)
	}
	s.removeMember(ctx, node, authorities, forward)
	return nil
}

// addMember adds a node. It forwards the change first, so that all members know of
// the node when Config.Added hands data over to it.
func (s *Server) addMember(ctx context.Context, node mapper.Node, authorities []*wire.Location, forward bool) {
	if forward {
		s.forward(ctx, change{node: node}, s.withSelf(authorities))
	}
	added, err := s.members.add(node)
	if err != nil {
		s.warn("cannot add a node", err, "node", node.Name)
		return
	}
	if s.cfg.Added != nil && node.Name != s.self.Name {
		s.cfg.Added(ctx, node)
	}
	if len(added) > 0 {
		s.resolveMember(ctx, node)
		s.logChange("added a node", node)
	}
}

// removeMember removes a node and forwards the change.
func (s *Server) removeMember(ctx context.Context, node mapper.Node, authorities []*wire.Location, forward bool) {
	removed, err := s.members.remove(node.Name)
	s.closeClient(node.Name)
	if err != nil {
		s.warn("cannot remove a node", err, "node", node.Name)
		return
	}
	if forward {
		s.forward(ctx, change{node: node, removed: true}, s.withSelf(authorities))
	}
	if removed {
		s.logChange("removed a node", node)
	}
}

// withSelf returns the authorities and this node in a new slice.
func (s *Server) withSelf(authorities []*wire.Location) []*wire.Location {
	return append(slices.Clip(authorities), locationOf(s.self))
}

var (
	errDisabled = errors.New("the call is disabled")
	errSelf     = errors.New("the location is that of this node")
)

// refuse logs a refused one-way call. It returns an error that closes the
// connection without a reply.
func (s *Server) refuse(call string, reason error) error {
	s.warn("refused a call", reason, "call", call)
	return thrift.ErrAbandonRequest
}
