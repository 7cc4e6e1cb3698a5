package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// repairAgain repairs after every change of members and now and then. Each node
// only gives what others lack: as all do it, all get.
func (n *Node) repairAgain(ctx context.Context) {
	tick := time.NewTicker(n.cfg.Repair)
	defer tick.Stop()
	for {
		full := false
		select {
		case <-ctx.Done():
			return
		case <-n.changed:
			full = true
		case <-n.settled():
		case <-tick.C:
		}
		if err := n.repair(ctx, full); err != nil && ctx.Err() == nil {
			n.cfg.Log.Warn("repair is incomplete and goes on later", "err", err)
			n.retry(ctx)
		}
	}
}

// retry makes the next repair a full one, a while from now.
func (n *Node) retry(ctx context.Context) {
	if sleep(ctx, n.cfg.Settle/5) == nil {
		select {
		case n.changed <- struct{}{}:
		default:
		}
	}
}

// settled returns a channel that tells when the last change of members is known
// everywhere, so that what went elsewhere may be deleted here.
func (n *Node) settled() <-chan time.Time {
	left := n.cfg.Settle - time.Since(n.known.Load().since)
	if left < 0 {
		return nil
	}
	return time.After(left + 10*time.Millisecond)
}

// repair gives the other owners what they lack of what this node holds, and then
// deletes what does not belong here. Unless it is to be full, only the buckets
// that differ are looked at key by key.
func (n *Node) repair(ctx context.Context, full bool) error {
	r := &round{Node: n, p: n.known.Load(), failed: map[string]error{}}
	if !full {
		r.compare(ctx)
	}
	for bucket := range kv.Buckets {
		if ctx.Err() != nil || n.known.Load() != r.p {
			break // begin again with the members that are there now
		}
		if err := r.repair(ctx, bucket); err != nil {
			return err
		}
	}
	return errors.Join(slices.Collect(maps.Values(r.failed))...)
}

// round is one repair. A node that failed is left alone for the rest of it.
type round struct {
	*Node
	p         *placement
	different map[string][kv.Buckets]bool // buckets that differ, by node; nil means that all may
	failed    map[string]error
}

// compare finds out which buckets of the other nodes differ from what this node
// holds of them.
func (r *round) compare(ctx context.Context) {
	r.different = map[string][kv.Buckets]bool{}
	mine, err := r.sums(r.p)
	if err != nil {
		r.failed[r.cfg.Self] = err
		return
	}
	for _, name := range r.others(r.p) {
		var theirs []uint64
		err := r.callLonger(ctx, name, func(ctx context.Context, peer Peer) (err error) {
			theirs, err = peer.Sums(ctx, r.cfg.Self)
			return err
		})
		if err != nil || len(theirs) != kv.Buckets {
			r.failed[name] = cmp.Or(err, errSums)
			continue
		}
		var buckets [kv.Buckets]bool
		for i, sum := range mine[name] {
			buckets[i] = sum != theirs[i]
		}
		r.different[name] = buckets
	}
}

// sums returns, for each other node, one sum for each bucket of what both that
// node and this one should have.
func (n *Node) sums(p *placement) (map[string]*[kv.Buckets]uint64, error) {
	all := map[string]*[kv.Buckets]uint64{}
	for _, name := range n.others(p) {
		all[name] = new([kv.Buckets]uint64)
	}
	all[n.cfg.Self] = new([kv.Buckets]uint64)
	for bucket := range kv.Buckets {
		err := n.cfg.Engine.Scan(bucket, func(s kv.Stamp) bool {
			if owners := p.owners(s.Key); slices.Contains(owners, n.cfg.Self) {
				for _, name := range owners {
					all[name][bucket] += sum(s)
				}
			}
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

var errSums = errors.New("the answer has the wrong number of sums")

// repair is the round's work on one bucket.
func (r *round) repair(ctx context.Context, bucket int) error {
	stamps, err := kv.Stamps(r.cfg.Engine, bucket)
	if err != nil {
		return err
	}
	give := map[string][]kv.Stamp{}
	var stray, old []kv.Stamp
	for _, s := range stamps {
		if r.forgotten(s) {
			old = append(old, s)
			continue
		}
		owners := r.p.owners(s.Key)
		mine := slices.Contains(owners, r.cfg.Self)
		if !mine {
			stray = append(stray, s)
		}
		for _, name := range owners {
			if name != r.cfg.Self && (!mine || r.different == nil || r.different[name][bucket]) {
				give[name] = append(give[name], s)
			}
		}
	}
	if !r.give(ctx, give) || r.recent(r.p) || r.known.Load() != r.p {
		stray = nil // not safe elsewhere, or somebody may still look for it here
	}
	r.Handed.Add(int64(len(stray)))
	return r.cfg.Engine.Drop(append(old, stray...))
}

// give offers stamps to nodes and sends the entries that they want. It reports
// whether all of them have all of it.
func (r *round) give(ctx context.Context, stamps map[string][]kv.Stamp) (all bool) {
	all = true
	for name, list := range stamps {
		if r.failed[name] == nil {
			if err := r.giveTo(ctx, name, list); err != nil {
				r.failed[name] = err
			}
		}
		all = all && r.failed[name] == nil
	}
	return all
}

// giveTo offers stamps to one node and sends the entries that it wants. When it
// returns nil, the node has all of them.
func (n *Node) giveTo(ctx context.Context, name string, stamps []kv.Stamp) error {
	for chunk := range slices.Chunk(stamps, offerSize) {
		if err := n.giveChunk(ctx, name, chunk); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// offerSize is how many stamps are offered in one call.
const offerSize = 2000

// sendSize is about how many bytes are sent in one call.
const sendSize = 1 << 20

func (n *Node) giveChunk(ctx context.Context, name string, stamps []kv.Stamp) error {
	var wanted []int
	err := n.call(ctx, name, func(ctx context.Context, peer Peer) (err error) {
		wanted, err = peer.Offer(ctx, stamps)
		return err
	})
	if err != nil {
		return err
	}
	var batch []kv.Entry
	size := 0
	for _, i := range wanted {
		if i < 0 || i >= len(stamps) {
			return fmt.Errorf("the answer wants entry %d of %d", i, len(stamps))
		}
		e, ok, err := n.cfg.Engine.Get(stamps[i].Key)
		if err != nil {
			return err
		}
		if !ok {
			continue // dropped meanwhile
		}
		batch = append(batch, e)
		if size += len(e.Key) + len(e.Value) + 64; size > sendSize {
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
	return n.call(ctx, name, func(ctx context.Context, peer Peer) error { return peer.Keep(ctx, entries) })
}

// sum is a stamp's part of the sum of a bucket. Sums are added, so that the order
// does not matter.
func sum(s kv.Stamp) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.Key)) // never fails
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(s.Writer))
	x := h.Sum64() ^ s.Clock*0x9e3779b97f4a7c15
	x ^= x >> 32
	return x * 0xd6e8feb86659fd93
}
