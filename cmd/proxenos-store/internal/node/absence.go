package node

import (
	"context"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// A node that was away for longer than tombstones live may have values that were
// deleted meanwhile. It must not bring them back: it hides its data from the other
// nodes, and copies the data again if one of them serves.

const (
	metaAlive     = "alive"
	aliveInterval = 30 * time.Second
)

// recordAlive stores the time until the context ends, except while the data is hidden.
func (n *Node) recordAlive(ctx context.Context) {
	for ok := true; ok; ok = sleep(ctx, aliveInterval) == nil {
		n.storeAlive()
	}
	n.storeAlive()
}

func (n *Node) storeAlive() {
	if n.hidden.Load() {
		return
	}
	if err := n.cfg.Engine.SetMeta(metaAlive, n.cfg.Now().UTC().Format(time.RFC3339)); err != nil {
		n.logDiskFailure(err)
	}
}

// outlived reports whether this node was away for longer than tombstones live.
func (n *Node) outlived() bool {
	text, err := n.cfg.Engine.Meta(metaAlive)
	if err != nil {
		return false
	}
	alive, err := time.Parse(time.RFC3339, text)
	return err == nil && n.cfg.Now().Sub(alive) > n.cfg.TombstoneTTL
}

// discard sets the data of this node aside, to be copied from the others.
func (n *Node) discard() error {
	entries := 0
	for bucket := range kv.Buckets {
		versions, err := kv.Versions(n.cfg.Engine, bucket)
		if err == nil {
			err = n.cfg.Engine.Remove(versions, true)
		}
		if err != nil {
			return err
		}
		entries += len(versions)
	}
	n.hidden.Store(false)
	n.cfg.Log.Warn("set the data aside, as this node was away for longer than deletions are remembered", "entries", entries, "limit", n.cfg.TombstoneTTL)
	return nil
}
