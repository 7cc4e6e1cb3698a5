package locator

import (
	"context"
	"fmt"
	"time"

	"github.com/proxenos/proxenos/internal/retry"
	"github.com/proxenos/proxenos/mapper"
)

// LeaveTime bounds how long a leaving node hands data over and announces its leave.
const LeaveTime = 30 * time.Second

// join joins the network of Config.Peer, or starts one.
func (s *Server) join(ctx context.Context) error {
	if s.cfg.Peer == "" {
		s.cfg.Log.Info("starting a network")
		return nil
	}
	s.cfg.Log.Info("joining a network", "peer", s.cfg.Peer)
	peer := NewClient(s.cfg.Peer, s.cfg.Call)
	defer func() { _ = peer.Close() }()
	if err := s.joinThrough(ctx, peer); err != nil {
		return fmt.Errorf("%w: cannot join through %q: %w", ErrNoPeer, s.cfg.Peer, err)
	}
	return nil
}

func (s *Server) joinThrough(ctx context.Context, peer *Client) error {
	nodes, err := s.membersOf(ctx, peer)
	if err != nil {
		return err
	}
	if err := s.checkWide(ctx, peer); err != nil {
		return err
	}
	added, err := s.members.add(s.admitAll(ctx, nodes)...)
	if err != nil {
		return err
	}
	for _, n := range added {
		s.resolveMember(ctx, n)
	}
	return peer.wire().Join(ctx, locationOf(s.self))
}

// membersOf returns the members that a peer knows.
func (s *Server) membersOf(ctx context.Context, peer *Client) ([]mapper.Node, error) {
	if s.cfg.Legacy {
		return peer.Nodes2009(ctx)
	}
	return peer.Nodes(ctx)
}

// checkWide returns an error if the port of this node is wide and the peer does not
// support wide ports.
func (s *Server) checkWide(ctx context.Context, peer *Client) error {
	if !isWide(s.self) {
		return nil
	}
	wide, err := peer.supportsWide(ctx)
	if err == nil && !wide {
		err = fmt.Errorf("node %q: the peer is of 2009 and allows ports up to %d", s.self.Name, maxPort2009)
	}
	return err
}

// awaitPing pings a node until it answers, ten times within ten seconds. A node of
// 2009 listens only after it has joined.
func (s *Server) awaitPing(ctx context.Context, node mapper.Node) (err error) {
	pause := retry.Backoff{Min: 10 * time.Millisecond, Max: 10 * time.Second}
	for range 10 {
		if err = s.Client(node).Ping(ctx); err == nil || !retry.Sleep(ctx, pause.Next()) {
			break
		}
	}
	return err
}

// leave announces that this node has left, unless Config.Leaving has done so.
func (s *Server) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, LeaveTime)
	defer cancel()
	if _, err := s.members.remove(s.self.Name); err != nil {
		s.cfg.Log.Error("leave failed", "err", err)
	}
	if s.cfg.Leaving != nil && s.cfg.Leaving(ctx) {
		return
	}
	s.forward(ctx, change{node: s.self, removed: true}, s.withSelf(nil))
	s.cfg.Log.Info("left", "node", s.self.Name)
}
