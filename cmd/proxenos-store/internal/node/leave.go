package node

import (
	"context"
	"errors"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// LeaveTime bounds how long a leaving node hands its keys over.
const LeaveTime = time.Minute

// leave hands the keys of this node over and leaves. It mirrors join: the members
// learn that this node leaves and no longer count on it; once all of them know,
// it pushes the keys that they lack; then it is gone. Until then it is read from.
func (n *Node) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, LeaveTime)
	defer cancel()
	err := n.cfg.Cluster.SetState(ctx, StateLeaving)
	if err == nil {
		err = n.awaitState(ctx, StateLeaving)
	}
	if err == nil {
		err = n.handOver(ctx)
	}
	n.view.Close() // without members, no key has an owner
	return errors.Join(err, n.cfg.Cluster.Leave(ctx))
}

// handOver pushes to the other owners until they lack nothing.
func (n *Node) handOver(ctx context.Context) error {
	began := time.Now()
	for {
		p := n.current()
		if p.pending.Len() == 0 {
			n.cfg.Log.Warn("no other node to hand keys over to")
			return nil
		}
		err := n.repair(ctx, true)
		if err == nil && n.current() == p {
			n.cfg.Log.Info("handed keys over", "duration", time.Since(began).Round(time.Millisecond))
			return nil
		}
		if errors.Is(err, kv.ErrAhead) {
			return err // trying again does not help
		}
		if err := errors.Join(err, sleep(ctx, pollInterval)); ctx.Err() != nil {
			return err
		}
	}
}
