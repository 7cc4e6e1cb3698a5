package goredis_test

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/examples/goredis"
	"github.com/proxenos/proxenos/mapper/static"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// A Ring follows the shards in a file, such as
//
//	redis-1  10.0.0.1:6379  w=1
//	redis-2  10.0.0.2:6379  w=2
//
// The view has the hash tags of go-redis, so that Select names the shard of every key.
func ExampleNewRing() {
	ctx := context.Background()
	build := func(nodes []mapper.Node) (*rendezvous.Set[mapper.Node], error) {
		return rendezvous.New(nodes, rendezvous.Config[mapper.Node]{ID: mapper.Node.ID, Weight: mapper.Node.Capacity, Key: prf.HashTag('{', '}')})
	}
	view, err := mapper.Follow(ctx, &static.File{Path: "/etc/app/shards.txt"}, build)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer view.Close()
	client := goredis.NewRing(ctx, view, redis.RingOptions{})
	defer client.Close()

	if err := client.Set(ctx, "{user:42}:cart", "2 apples", 0).Err(); err != nil {
		fmt.Println(err)
		return
	}
	shard, _ := view.Value().Select("{user:42}:cart")
	fmt.Println("the cart is on", shard.Name)
}
