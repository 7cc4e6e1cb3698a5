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

// A change travels along a chain: a node that hears of it calls one member that
// has not heard of it, which calls the next. The call carries the authorities,
// the nodes that know already; each node appends itself.
//
//	join(E) -> A -> add(E, [A A]) -> B -> add(E, [A A B]) -> C
//
// A node asked to join is its own first authority, hence [A A]. The list travels
// as it came, as in 2009, and is read as a set. Every call makes it longer, no
// node passes on what it was an authority for already, and a list of a thousand
// is refused: whatever a forged call says, the chain that it starts ends.

// maxAuthorities bounds the chain, and with it what a forged call can start.
const maxAuthorities = 1024

// change is one piece of news.
type change struct {
	node    mapper.Node
	removed bool
}

// send tells a member of the change.
func (c change) send(ctx context.Context, to *Client, authorities []*wire.Location) error {
	if c.removed {
		return to.wire().Remove(ctx, locationOf(c.node), authorities)
	}
	return to.wire().Add(ctx, locationOf(c.node), authorities)
}

// forward passes a change on to the first member, by name, that has not heard
// of it and can be reached.
func (s *Server) forward(ctx context.Context, c change, authorities []*wire.Location) {
	heard := heardBy(authorities)
	for _, n := range s.members.load().nodes {
		if heard[n.Name] || n.Name == s.self.Name || n.Name == c.node.Name || !s.understands(ctx, n, c) {
			continue
		}
		if err := c.send(ctx, s.Client(n), authorities); err == nil || ctx.Err() != nil {
			return
		}
		s.Unreachable(n)
	}
}

// understands reports whether a member can hold the node of the change. One
// that cannot stays as it is: whoever it sends a request to knows better.
func (s *Server) understands(ctx context.Context, n mapper.Node, c change) bool {
	if !isWide(c.node) || isWide(n) {
		return true
	}
	if known, ok := s.wide.Load(n.Name); ok {
		return known.(bool)
	}
	wide, err := s.Client(n).speaksWide(ctx)
	if err != nil {
		return true // unreachable, as the call itself will find out
	}
	s.wide.Store(n.Name, wide)
	return wide
}

func heardBy(authorities []*wire.Location) map[string]bool {
	heard := make(map[string]bool, len(authorities))
	for _, l := range authorities {
		if n, err := nodeOf(l); err == nil {
			heard[n.Name] = true
		}
	}
	return heard
}

// hear checks a change that was sent to this node. It reports whether the
// change is to be passed on: not if this node is an authority already, as the
// chain has then come round under another name.
func (s *Server) hear(ctx context.Context, l *wire.Location, authorities []*wire.Location) (mapper.Node, bool, error) {
	if len(authorities) >= maxAuthorities {
		return mapper.Node{}, false, fmt.Errorf("%d authorities: want fewer than %d", len(authorities), maxAuthorities)
	}
	node, err := s.admit(ctx, l)
	return node, !heardBy(authorities)[s.self.Name], err
}

// Join lets a node in: it becomes a member, the others are told, and then it is
// pinged until it answers. One that never does is dropped again.
func (s *Server) Join(ctx context.Context, l *wire.Location) error {
	node, err := s.admit(ctx, l)
	if err != nil {
		return s.refuse("join", err)
	}
	if node.Name == s.self.Name {
		return s.refuse("join", errSelf)
	}
	s.include(ctx, node, s.myself(nil), true)
	if err := s.awaitAnswer(ctx, node); err != nil {
		s.cfg.Log.Warn("a node joined and never answered", "node", node.Name, "err", err)
		s.exclude(ctx, node, s.myself(nil), true)
	}
	return nil
}

// Add makes a node a member and passes the news on.
func (s *Server) Add(ctx context.Context, l *wire.Location, authorities []*wire.Location) error {
	node, onward, err := s.hear(ctx, l, authorities)
	if err != nil {
		return s.refuse("add", err)
	}
	s.include(ctx, node, authorities, onward)
	return nil
}

// Remove drops a member and passes the news on.
func (s *Server) Remove(ctx context.Context, l *wire.Location, authorities []*wire.Location) error {
	node, onward, err := s.hear(ctx, l, authorities)
	if err == nil && node.Name == s.self.Name {
		err = errSelf
	}
	if err != nil {
		return s.refuse("remove", err)
	}
	s.exclude(ctx, node, authorities, onward)
	return nil
}

// include passes the news of a member on and then takes it in, so that what
// Config.Added hands over finds everybody informed.
func (s *Server) include(ctx context.Context, node mapper.Node, authorities []*wire.Location, onward bool) {
	if onward {
		s.forward(ctx, change{node: node}, s.myself(authorities))
	}
	added, err := s.members.add(node)
	if err != nil {
		s.cfg.Log.Error("cannot add a node", "node", node.Name, "err", err)
		return
	}
	if s.cfg.Added != nil && node.Name != s.self.Name {
		s.cfg.Added(ctx, node)
	}
	if len(added) > 0 {
		s.cfg.Log.Info("added", "node", node.Name)
	}
}

// exclude drops a member and passes the news on.
func (s *Server) exclude(ctx context.Context, node mapper.Node, authorities []*wire.Location, onward bool) {
	removed, err := s.members.remove(node.Name)
	s.forget(node.Name)
	if err != nil {
		s.cfg.Log.Error("cannot remove a node", "node", node.Name, "err", err)
		return
	}
	if onward {
		s.forward(ctx, change{node: node, removed: true}, s.myself(authorities))
	}
	if removed {
		s.cfg.Log.Info("removed", "node", node.Name)
	}
}

// myself appends this node to the authorities without touching the slice.
func (s *Server) myself(authorities []*wire.Location) []*wire.Location {
	return append(slices.Clip(authorities), locationOf(s.self))
}

// Reasons for refusing a one-way call, which only the log hears of.
var (
	errDisabled = errors.New("disabled: enable it in the configuration")
	errSelf     = errors.New("the location is this node's own")
)

// refuse logs a call that is not obeyed. It returns an error that closes the
// connection and tells the peer nothing.
func (s *Server) refuse(call string, why error) error {
	if s.noise.quiet() {
		return thrift.ErrAbandonRequest
	}
	s.cfg.Log.Warn("refused", "call", call, "why", why)
	return thrift.ErrAbandonRequest
}
