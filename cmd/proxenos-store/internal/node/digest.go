package node

import (
	"hash/fnv"
	"slices"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

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
	_, _ = h.Write([]byte(v.Key)) // never fails
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(v.Writer))
	x := h.Sum64() ^ v.Clock*0x9e3779b97f4a7c15
	x ^= x >> 32
	return x * 0xd6e8feb86659fd93
}
