package node

import (
	"context"
	"errors"
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// repairLoop runs anti-entropy after every change of membership and at an
// interval. Each node only pushes what other owners lack; as every node does so,
// all replicas converge.
func (n *Node) repairLoop(ctx context.Context) {
	tick := time.NewTicker(n.cfg.Repair)
	defer tick.Stop()
	for logged := ""; ; {
		full := false
		select {
		case <-ctx.Done():
			return
		case <-n.changed:
			full = true
		case <-n.settled():
		case <-tick.C:
			n.compareClocks(ctx)
		}
		err := n.repair(ctx, full)
		if err == nil {
			logged = ""
		} else if ctx.Err() == nil {
			text := err.Error()
			if errors.Is(err, kv.ErrAhead) {
				text = kv.ErrAhead.Error() // without the times, which differ each time
			}
			if text != logged {
				n.cfg.Log.Warn("repair is incomplete; it will be retried", "err", err)
				logged = text
			}
			if sleep(ctx, n.cfg.Settle/5) == nil {
				n.scheduleRepair()
			}
		}
	}
}

// scheduleRepair has repairLoop run a full repair.
func (n *Node) scheduleRepair() {
	select {
	case n.changed <- struct{}{}:
	default:
	}
}

// settled returns a channel that receives when every node knows the last change
// of membership, so that keys owned by others may be dropped here.
func (n *Node) settled() <-chan time.Time {
	left := n.cfg.Settle - time.Since(n.current().since)
	if left < 0 {
		return nil
	}
	return time.After(left + 10*time.Millisecond)
}

// repair pushes to the other owners what they lack, and drops the keys that this
// node does not own. If it is not full, it first compares digests and skips the
// buckets that agree.
func (n *Node) repair(ctx context.Context, full bool) error {
	r := newRepairRound(n, n.current())
	if !full {
		r.compare(ctx)
	}
	for bucket := range kv.Buckets {
		if ctx.Err() != nil || n.current() != r.p {
			break // the next round uses the new members
		}
		if err := r.repair(ctx, bucket); err != nil {
			return err
		}
	}
	if _, err := r.setAside(ctx, r.ahead); err != nil {
		return err
	}
	return r.err()
}

// repairRound is one run of repair. It skips a node once a call to it has failed.
type repairRound struct {
	*Node
	p         *placement
	different map[string][kv.Buckets]bool // buckets whose digests differ, by node; nil: all
	ahead     []kv.Version                // too far ahead of the clock of this node

	mu     sync.Mutex
	failed map[string]error
}

func newRepairRound(n *Node, p *placement) *repairRound {
	return &repairRound{Node: n, p: p, failed: map[string]error{}}
}

func (r *repairRound) fail(name string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed[name] = err
}

func (r *repairRound) err() error { return errors.Join(slices.Collect(maps.Values(r.failed))...) }

// compare finds the buckets whose digests differ between this node and the others.
func (r *repairRound) compare(ctx context.Context) {
	r.different = map[string][kv.Buckets]bool{}
	mine, err := r.digests(r.p)
	if err != nil {
		r.fail(r.cfg.Self, err)
		return
	}
	parallel(r.others(r.p), func(name string) {
		theirs, err := r.digestsOf(ctx, name)
		r.mu.Lock()
		defer r.mu.Unlock()
		if err != nil {
			r.failed[name] = err
			return
		}
		var different [kv.Buckets]bool
		for i, digest := range mine[name] {
			different[i] = digest != theirs[i]
		}
		r.different[name] = different
	})
}

func (r *repairRound) repair(ctx context.Context, bucket int) error {
	versions, err := kv.Versions(r.cfg.Engine, bucket)
	if err != nil {
		return err
	}
	push := map[string][]kv.Version{}
	var foreign, expired []kv.Version
	for _, v := range versions {
		if r.clock.IsAhead(v.Clock) {
			r.ahead = append(r.ahead, v)
			continue
		}
		if r.expired(v) {
			expired = append(expired, v)
			continue
		}
		owners := r.p.owners(v.Key)
		mine := slices.Contains(owners, r.cfg.Self)
		if !mine {
			foreign = append(foreign, v)
		}
		for _, name := range owners {
			if name != r.cfg.Self && (!mine || r.different == nil || r.different[name][bucket]) {
				push[name] = append(push[name], v)
			}
		}
	}
	if !r.pushAll(ctx, bucket, push) || r.settling(r.p) || r.current() != r.p {
		foreign = nil // an owner lacks it, or a reader may still look for it here
	}
	r.Dropped.Add(int64(len(foreign)))
	return r.cfg.Engine.Remove(append(expired, foreign...), false)
}

// pushAll pushes versions of a bucket to several nodes and reports whether all of
// them succeeded.
func (r *repairRound) pushAll(ctx context.Context, bucket int, versions map[string][]kv.Version) (ok bool) {
	ok = true
	for name, list := range versions {
		if r.failed[name] == nil {
			if err := r.transfer(ctx, r.cfg.Self, name, bucket, list); err != nil {
				r.fail(name, err)
			}
		}
		ok = ok && r.failed[name] == nil
	}
	return ok
}

// digests returns, for each member, a digest of each bucket of the versions that
// both that member and this node must have.
func (n *Node) digests(p *placement) (map[string]*[kv.Buckets]uint64, error) {
	all := map[string]*[kv.Buckets]uint64{}
	for _, name := range n.others(p) {
		all[name] = new([kv.Buckets]uint64)
	}
	all[n.cfg.Self] = new([kv.Buckets]uint64)
	for bucket := range kv.Buckets {
		err := n.cfg.Engine.Scan(bucket, func(v kv.Version) bool {
			if owners := p.owners(v.Key); slices.Contains(owners, n.cfg.Self) {
				for _, name := range owners {
					all[name][bucket] += digest(v)
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

// digest returns the digest of one version. The digest of a bucket is the sum, so
// it does not depend on order.
func digest(v kv.Version) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(v.Key + "\x00" + v.Writer)) // never fails
	x := h.Sum64() ^ v.Clock*0x9e3779b97f4a7c15
	x ^= x >> 32
	return x * 0xd6e8feb86659fd93
}
