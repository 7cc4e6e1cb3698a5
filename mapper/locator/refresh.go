package locator

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/proxenos/proxenos/internal/retry"
	"github.com/proxenos/proxenos/mapper"
)

// refresh compares the member list with that of a random member at an interval.
// It repairs what the chain of calls can leave behind: two nodes that join at once
// may miss each other, and a chain breaks if the node that holds it crashes. The
// service of 2009 repaired neither.
func (s *Server) refresh(ctx context.Context) {
	interval := s.cfg.Refresh
	if interval < 0 || s.cfg.Legacy {
		return
	}
	for wait := interval / 10; retry.Sleep(ctx, wait); wait = retry.Jitter(interval, 0.5, 1.5) {
		if other, ok := s.randomOther(); ok {
			s.syncWith(ctx, other)
		}
	}
}

func (s *Server) randomOther() (mapper.Node, bool) {
	others := slices.DeleteFunc(slices.Clone(s.members.load().nodes), func(n mapper.Node) bool {
		return n.Name == s.self.Name
	})
	if len(others) == 0 {
		return mapper.Node{}, false
	}
	return others[rand.IntN(len(others))], true
}

// syncWith adds the members that the other node knows and that answer a ping. If
// the other node does not know this one, it joins again.
func (s *Server) syncWith(ctx context.Context, other mapper.Node) {
	client := s.Client(other)
	nodes, err := client.Nodes(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.Unreachable(other, err)
		}
		return
	}
	for _, n := range s.admitAll(ctx, nodes) {
		if !s.members.load().has(n.Name) && s.members.checkRoom(n.Name) == nil && s.Client(n).Ping(ctx) == nil {
			s.addMember(ctx, n, nil, false)
		}
	}
	if contains(nodes, s.self) || s.checkWide(ctx, client) != nil {
		return
	}
	if err := client.wire().Join(ctx, locationOf(s.self)); err != nil && ctx.Err() == nil {
		s.Unreachable(other, err)
	}
}

func contains(nodes []mapper.Node, node mapper.Node) bool {
	return slices.ContainsFunc(nodes, func(n mapper.Node) bool { return sameName(n, node) })
}
