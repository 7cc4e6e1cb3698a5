package locator

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/proxenos/proxenos/mapper"
)

// refresh compares the list with that of another member again and again. Two
// nodes that join at once may miss each other, and a chain ends at a node that
// dies while holding it; 2009 never repaired either.
func (s *Server) refresh(ctx context.Context) {
	every := s.cfg.Refresh
	if every < 0 || s.cfg.Legacy {
		return
	}
	for wait := every / 10; sleep(ctx, wait) == nil; wait = every/2 + rand.N(every) {
		if other, ok := s.someoneElse(); ok {
			s.compare(ctx, other)
		}
	}
}

func (s *Server) someoneElse() (mapper.Node, bool) {
	others := slices.DeleteFunc(slices.Clone(s.members.load().nodes), func(n mapper.Node) bool {
		return n.Name == s.self.Name
	})
	if len(others) == 0 {
		return mapper.Node{}, false
	}
	return others[rand.IntN(len(others))], true
}

// compare takes in the members that the other knows and that answer, and joins
// again if the other has forgotten this node.
func (s *Server) compare(ctx context.Context, other mapper.Node) {
	client := s.Client(other)
	nodes, err := client.Nodes(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.Unreachable(other)
		}
		return
	}
	for _, n := range s.believed(ctx, nodes) {
		if !s.members.load().has(n.Name) && s.Client(n).Ping(ctx) == nil {
			s.include(ctx, n, nil, false)
		}
	}
	if knows(nodes, s.self) || s.admitWide(ctx, client) != nil {
		return
	}
	if err := client.wire().Join(ctx, locationOf(s.self)); err != nil && ctx.Err() == nil {
		s.Unreachable(other)
	}
}

func knows(nodes []mapper.Node, node mapper.Node) bool {
	return slices.ContainsFunc(nodes, func(n mapper.Node) bool { return sameName(n, node) })
}
