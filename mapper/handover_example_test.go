package mapper_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

// A worker runs the shards that it owns: it stops those that it loses and starts those
// that it gains. This is the loop of a sharded controller.
func ExampleHandovers() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var source registry
	source.feed.Set(mapper.Update{Nodes: []mapper.Node{{Name: "worker-0"}, {Name: "worker-1"}}})
	view, err := mapper.Follow(ctx, &source, rendezvous.Build)
	if err != nil {
		fmt.Println(err)
		return
	}
	shards := slices.Values([]string{"shard-0", "shard-1", "shard-2", "shard-3", "shard-4", "shard-5"})
	for h := range mapper.Handovers(ctx, view, "worker-0", 1) {
		fmt.Println(h.After.Len(), "workers")
		for shard := range h.Lost(shards) {
			fmt.Println("stop", shard)
		}
		for shard := range h.Gained(shards) {
			fmt.Println("start", shard)
		}
		switch h.After.Len() { // what happens meanwhile
		case 2:
			source.feed.Set(mapper.Update{Nodes: []mapper.Node{{Name: "worker-0"}, {Name: "worker-1"}, {Name: "worker-2"}}})
		case 3:
			source.feed.Set(mapper.Update{Nodes: []mapper.Node{{Name: "worker-0"}}})
		case 1:
			cancel()
		}
	}
	// Output:
	// 2 workers
	// start shard-2
	// start shard-4
	// start shard-5
	// 3 workers
	// stop shard-2
	// 1 workers
	// start shard-0
	// start shard-1
	// start shard-2
	// start shard-3
}

// Without a View, a handover compares any two values.
func ExampleHandover() {
	before, _ := rendezvous.Of("a", "b")
	after, _ := before.With("c")
	h := mapper.Handover[*rendezvous.Set[string]]{Before: before, After: after, ID: "c"}
	keys := []string{"user:1", "user:2", "user:3", "user:4"}
	fmt.Println(slices.Collect(h.Gained(slices.Values(keys))))
	fmt.Println(slices.Collect(h.Lost(slices.Values(keys))))
	// Output:
	// [user:4]
	// []
}

func ExampleView_Values() {
	view := growing()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for set := range view.Values(ctx) {
		fmt.Println(set.Len())
		cancel() // a program goes on until the end of the context
	}
	view.Close()
	// Output: 3
}
