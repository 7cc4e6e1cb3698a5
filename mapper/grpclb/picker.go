package grpclb

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"

	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring"
	"github.com/proxenos/proxenos/ring/rules"
)

// picker chooses the node of each call, by the states of the connections at one
// moment. It is immutable apart from the counts of loads.
type picker struct {
	cfg   *Config
	live  live
	loads *ring.Balancer[mapper.Node] // nil without a bound
}

// Pick returns the connection to the node of the call's key.
func (p *picker) Pick(info balancer.PickInfo) (balancer.PickResult, error) {
	key, err := p.key(info)
	if err != nil {
		return balancer.PickResult{}, err
	}
	made := attemptsOf(info.Ctx)
	node, lease, ok := p.choose(key, made.untried())
	if !ok {
		return balancer.PickResult{}, p.explain(key, info)
	}
	result, err := p.live.conns.byName[node.Name].State.Picker.Pick(info)
	if err != nil {
		lease.Release()
		return result, err
	}
	if p.loads == nil && made == nil {
		return result, nil
	}
	done := result.Done
	result.Done = func(d balancer.DoneInfo) {
		lease.Release()
		if d.Err != nil && d.BytesSent { // not while the stream was only being opened
			made.add(node.Name)
		}
		if done != nil {
			done(d)
		}
	}
	return result, nil
}

// key returns the key of the call, or a random one.
func (p *picker) key(info balancer.PickInfo) (string, error) {
	key, ok := keyOf(info.Ctx, p.cfg.Header)
	switch {
	case ok:
		return key, nil
	case p.cfg.MissingKey == random:
		return strconv.FormatUint(rand.Uint64(), 36), nil
	case p.cfg.Header == "":
		return "", status.Errorf(codes.Internal, "%s has no key: use grpclb.WithKey", info.FullMethodName)
	default:
		return "", status.Errorf(codes.Internal, "%s has no key: set the request header %q, or use grpclb.WithKey", info.FullMethodName, p.cfg.Header)
	}
}

// choose returns the first live node for the key that allow admits, and then the first
// of all live nodes. A nil allow admits every node.
func (p *picker) choose(key string, allow func(mapper.Node) bool) (node mapper.Node, lease ring.Lease[mapper.Node], ok bool) {
	if p.loads != nil {
		if lease, ok = p.loads.AcquireFunc(key, allow); !ok && allow != nil {
			lease, ok = p.loads.Acquire(key)
		}
		return lease.Node(), lease, ok
	}
	if allow != nil {
		for n := range p.live.Rank(key) {
			if allow(n) {
				return n, lease, true
			}
		}
	}
	node, ok = p.live.Select(key)
	return node, lease, ok
}

// explain says why there is no node. The error has no status, so that calls that wait
// for a ready connection go on waiting.
func (p *picker) explain(key string, info balancer.PickInfo) error {
	for n := range p.live.ranking.Rank(key) {
		_, err := p.live.conns.byName[n.Name].State.Picker.Pick(info)
		return fmt.Errorf("no node can be reached of %d; %s: %s", len(p.live.conns.byName), n.Name, err.Error())
	}
	return errors.New("no nodes to choose from: all are drained")
}

// live ranks the nodes of a ranking that calls can wait for: all but those that cannot
// be connected to.
type live struct {
	ranking rules.Ranking[mapper.Node]
	conns   *connections
}

// Rank yields the live nodes in the order of the ranking.
func (l live) Rank(key string) iter.Seq[mapper.Node] {
	return func(yield func(mapper.Node) bool) {
		for n := range l.ranking.Rank(key) {
			if !l.conns.failing(n) && !yield(n) {
				return
			}
		}
	}
}

// Select returns the first live node, by the ranking's own Select if that is live.
func (l live) Select(key string) (mapper.Node, bool) {
	if s, ok := l.ranking.(interface {
		Select(key string) (mapper.Node, bool)
	}); ok {
		if n, ok := s.Select(key); ok && !l.conns.failing(n) {
			return n, true
		}
	}
	for n := range l.Rank(key) {
		return n, true
	}
	return mapper.Node{}, false
}
