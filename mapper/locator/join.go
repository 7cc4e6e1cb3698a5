package locator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/proxenos/proxenos/mapper"
)

// LeaveTime bounds how long a leaving node tells the others of it and hands its
// keys over.
const LeaveTime = 30 * time.Second

// join makes this node a member of the network of Config.Peer.
func (s *Server) join(ctx context.Context) error {
	if s.cfg.Peer == "" {
		s.cfg.Log.Info("initiating a network")
		return nil
	}
	s.cfg.Log.Info("joining a network", "peer", s.cfg.Peer)
	peer := NewClient(s.cfg.Peer, s.cfg.Call)
	defer func() { _ = peer.Close() }()
	if err := s.joinBy(ctx, peer); err != nil {
		return fmt.Errorf("%w: cannot join by %q: %w", ErrNoPeer, s.cfg.Peer, err)
	}
	return nil
}

func (s *Server) joinBy(ctx context.Context, peer *Client) error {
	nodes, err := s.ask(ctx, peer)
	if err != nil {
		return err
	}
	if err := s.admitWide(ctx, peer); err != nil {
		return err
	}
	if _, err := s.members.add(s.believed(ctx, nodes)...); err != nil {
		return err
	}
	return peer.wire().Join(ctx, locationOf(s.self))
}

// ask returns the members that a peer knows.
func (s *Server) ask(ctx context.Context, peer *Client) ([]mapper.Node, error) {
	if s.cfg.Legacy {
		return peer.Nodes2009(ctx)
	}
	return peer.Nodes(ctx)
}

// admitWide refuses to bring a port into a network that cannot hold it.
func (s *Server) admitWide(ctx context.Context, peer *Client) error {
	if !isWide(s.self) {
		return nil
	}
	wide, err := peer.speaksWide(ctx)
	if err == nil && !wide {
		err = fmt.Errorf("node %q: the peer is of 2009 and has ports up to %d; choose another", s.self.Name, maxPort2009)
	}
	return err
}

// believed returns the nodes of a peer's list that this node may connect to.
func (s *Server) believed(ctx context.Context, nodes []mapper.Node) []mapper.Node {
	var list []mapper.Node
	for _, n := range nodes {
		if _, err := s.admit(ctx, locationOf(n)); err != nil {
			_ = s.refuse("member of a peer's list", err)
			continue
		}
		list = append(list, n)
	}
	return list
}

// awaitAnswer pings a node until it answers: ten times, waiting 10 ms and then
// twice as long each time, as a 2009 node listens only after it has joined.
func (s *Server) awaitAnswer(ctx context.Context, node mapper.Node) (err error) {
	for wait, try := 10*time.Millisecond, 0; try < 10; wait, try = 2*wait, try+1 {
		if err = s.Client(node).Ping(ctx); err == nil {
			return nil
		}
		if sleep(ctx, wait) != nil {
			break
		}
	}
	return err
}

// leave tells the others that this node is gone. Config.Leaving may have told
// one of them, who then told the rest.
func (s *Server) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, LeaveTime)
	defer cancel()
	if _, err := s.members.remove(s.self.Name); err != nil {
		s.cfg.Log.Error("cannot leave in order", "err", err)
	}
	if s.cfg.Leaving != nil && s.cfg.Leaving(ctx) {
		return
	}
	s.forward(ctx, change{node: s.self, removed: true}, s.myself(nil))
	s.cfg.Log.Info("left", "node", s.self.Name)
}

// lookupSelf returns the addresses of the machine's name, IPv4 first.
func lookupSelf(ctx context.Context) ([]netip.Addr, error) {
	name, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", name)
	if err != nil || len(addrs) == 0 {
		addrs, err = net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	}
	if err == nil && len(addrs) == 0 {
		err = errors.New("no address")
	}
	return addrs, err
}

// sleep waits unless the context ends before that.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
