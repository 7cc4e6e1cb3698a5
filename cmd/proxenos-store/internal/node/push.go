package node

import (
	"context"
	"fmt"
	"slices"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// offerSize is how many versions are offered in one call, and sendSize about how
// many bytes of entries are sent in one.
const (
	offerSize = 2000
	sendSize  = 1 << 20
)

// push offers versions to a node and sends the entries that it lacks. When it
// returns nil the node has all of them.
func (n *Node) push(ctx context.Context, name string, versions []kv.Version) error {
	for chunk := range slices.Chunk(versions, offerSize) {
		if err := n.pushChunk(ctx, name, chunk); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (n *Node) pushChunk(ctx context.Context, name string, versions []kv.Version) error {
	var wanted []int
	err := n.call(ctx, name, func(ctx context.Context, peer Peer) (err error) {
		wanted, err = peer.Offer(ctx, versions)
		return err
	})
	if err != nil {
		return err
	}
	var batch []kv.Entry
	size := 0
	for _, i := range wanted {
		if i < 0 || i >= len(versions) {
			return fmt.Errorf("the reply wants entry %d of %d", i, len(versions))
		}
		e, ok, err := n.cfg.Engine.Get(versions[i].Key)
		if err != nil {
			return err
		}
		if !ok {
			continue // dropped meanwhile
		}
		batch = append(batch, e)
		if size += e.Size(); size > sendSize {
			if err := n.send(ctx, name, batch); err != nil {
				return err
			}
			batch, size = nil, 0
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return n.send(ctx, name, batch)
}

func (n *Node) send(ctx context.Context, name string, entries []kv.Entry) error {
	return n.call(ctx, name, func(ctx context.Context, peer Peer) error {
		_, err := peer.Keep(ctx, entries)
		return err
	})
}
