package node

import (
	"context"
	"errors"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// LeaveTime bounds how long a node that leaves hands its keys over.
const LeaveTime = time.Minute

// leave hands this node's keys over and then goes. It is join backwards: the
// others learn that it leaves and no longer rely on it; when all of them know,
// it gives them what they lack; then it is gone. It is read from until then.
func (n *Node) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, LeaveTime)
	defer cancel()
	err := n.cfg.Cluster.SetState(ctx, Leaving)
	if err == nil {
		err = n.awaitSeen(ctx, Leaving)
	}
	if err == nil {
		err = n.handOver(ctx)
	}
	return errors.Join(err, n.cfg.Cluster.Leave(ctx))
}

// handOver gives the owners-to-be what they lack, until nothing is left.
func (n *Node) handOver(ctx context.Context) error {
	began := time.Now()
	for {
		p := n.known.Load()
		if p.next.Len() == 0 {
			n.cfg.Log.Warn("nobody is left to hand keys over to")
			return nil
		}
		err := n.giveAll(ctx, p)
		if err == nil && n.known.Load() == p {
			n.cfg.Log.Info("handed keys over", "in", time.Since(began).Round(time.Millisecond))
			return nil
		}
		if err := errors.Join(err, sleep(ctx, pause)); ctx.Err() != nil {
			return err
		}
	}
}

func (n *Node) giveAll(ctx context.Context, p *placement) error {
	for bucket := range kv.Buckets {
		stamps, err := kv.Stamps(n.cfg.Engine, bucket)
		if err != nil {
			return err
		}
		give := map[string][]kv.Stamp{}
		for _, s := range stamps {
			for _, name := range p.names(nil, p.next, s.Key, p.replicas) {
				if !n.forgotten(s) {
					give[name] = append(give[name], s)
				}
			}
		}
		for name, list := range give {
			if err := n.giveTo(ctx, name, list); err != nil {
				return err
			}
		}
	}
	return nil
}
