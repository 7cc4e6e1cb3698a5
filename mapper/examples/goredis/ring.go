// Package goredis lets the Ring of github.com/redis/go-redis choose shards by a
// mapper.View, with weights, and gives it the shards that the view reports.
//
//	view, err := mapper.Follow(ctx, source, rendezvous.Build)
//	client := goredis.NewRing(ctx, view, redis.RingOptions{})
//	defer client.Close()
//
// The Ring of go-redis itself uses rendezvous hashing without weights over a fixed
// list of shards. Its users call SetAddrs for every change of that list.
// [rendezvous.GoRedis] gives every key to the shard that it chooses; build the view
// with that Scorer to add weights to a Ring that holds data already: no key moves
// while the weights are equal.
//
// # Hash tags
//
// Of a key like "{user:42}:cart" go-redis hashes only the tag, "user:42", before it
// asks for a shard. A program that calls Select itself must do so too, to name the
// shard that holds the key. Build the view with such a Key:
//
//	cfg := rendezvous.Config[mapper.Node]{ID: mapper.Node.ID, Weight: mapper.Node.Capacity, Key: prf.HashTag('{', '}')}
//	view, err := mapper.Follow(ctx, source, func(nodes []mapper.Node) (*rendezvous.Set[mapper.Node], error) {
//		return rendezvous.New(nodes, cfg)
//	})
//
// # When a shard dies
//
// Requests for its keys fail until go-redis notices. It pings every shard each
// HeartbeatFrequency, 500 ms by default, and after three failures removes the shard
// from the hash: its keys, and no others, move to the shards that are next for
// them. They move back when the shard answers again, with the data of before if it
// kept any. Each client decides on its own, so that for a while two clients may use
// different shards for a key. Set HeartbeatFn to a function that returns true if
// the source alone decides which shards are up.
//
// The package is small. Import it, or copy the file and adapt it.
package goredis

import (
	"context"
	"iter"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/proxenos/proxenos/mapper"
)

// Placement is what a view is built of: a *rendezvous.Set, *rendezvous.Table or
// *ring.Ring over nodes.
type Placement[T any] interface {
	Select(key string) (mapper.Node, bool)
	All() iter.Seq[mapper.Node]
	Without(ids ...string) (T, error)
}

// NewRing returns a Ring with the shards of the view: the name and address of each
// node. The Ring follows the view until the context ends or the view is closed; then
// it keeps the shards that it has. The caller closes the Ring. NewRing sets Addrs
// and NewConsistentHash of the options.
func NewRing[T Placement[T]](ctx context.Context, view *mapper.View[T], opt redis.RingOptions) *redis.Ring {
	opt.Addrs = addresses(view.Value())
	opt.NewConsistentHash = func(live []string) redis.ConsistentHash { return shardsOf(view.Value(), live) }
	client := redis.NewRing(&opt)
	go func() {
		for all := range view.Values(ctx) { // also if only weights have changed
			client.SetAddrs(addresses(all))
		}
	}()
	return client
}

func addresses[T Placement[T]](all T) map[string]string {
	addrs := map[string]string{}
	for n := range all.All() {
		addrs[n.Name] = n.Address()
	}
	return addrs
}

// shards chooses among the shards that are up. It implements
// [redis.ConsistentHash].
type shards[T Placement[T]] struct{ up T }

// shardsOf leaves out the shards that go-redis does not list: they are down, or it
// has yet to learn of them. It never names a shard that go-redis does not have.
func shardsOf[T Placement[T]](all T, live []string) redis.ConsistentHash {
	var down []string
	for n := range all.All() {
		if !slices.Contains(live, n.Name) {
			down = append(down, n.Name)
		}
	}
	up, err := all.Without(down...)
	if err != nil {
		return none{} // a layout that cannot lose these nodes
	}
	return shards[T]{up}
}

// Get returns the name of the shard that owns the key, or "" if there is none.
func (s shards[T]) Get(key string) string {
	n, _ := s.up.Select(key)
	return n.Name
}

// none has no shards.
type none struct{}

// Get returns "", on which go-redis reports that all shards are down.
func (none) Get(string) string { return "" }
