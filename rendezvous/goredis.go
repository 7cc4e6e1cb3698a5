package rendezvous

import (
	"github.com/proxenos/proxenos/internal/hashtag"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// GoRedis returns a [Scorer] that selects the same shards as the Ring of go-redis
// 9.23.0, and as github.com/dgryski/go-rendezvous with XXH64.
//
// The ID of a node is the name of its shard, a key of RingOptions.Addrs. Of a key
// the part in the first braces counts, if it has one, as in Redis Cluster. A score
// is the xorshift* (Vigna, 2016) of the exclusive or of the two hashes. Go-redis
// has no weights; equal weights do not change its order.
func GoRedis() Scorer {
	return func(ids []string) (func(scores []uint64, key string), error) {
		hashes := make([]uint64, len(ids))
		for i, id := range ids {
			hashes[i] = prf.XXHash64(id, 0)
		}
		return func(scores []uint64, key string) {
			h := prf.XXHash64(hashtag.Of(key), 0)
			for i, node := range hashes {
				scores[i] = xorshiftStar(h ^ node)
			}
		}, nil
	}
}

func xorshiftStar(x uint64) uint64 {
	x ^= x >> 12
	x ^= x << 25
	x ^= x >> 27
	return x * 2685821657736338717
}
