package mapper_test

import (
	"context"
	"fmt"
	"time"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/ring/rules"
)

// growing returns a View of a set that has just grown from two nodes to three.
func growing() *mapper.View[*rendezvous.Set[mapper.Node]] {
	var source registry
	source.feed.Set(mapper.Update{Nodes: []mapper.Node{{Name: "a"}, {Name: "b"}}})
	view, err := mapper.FollowWith(context.Background(), &source, rendezvous.Build,
		mapper.FollowConfig[*rendezvous.Set[mapper.Node]]{KeepPrevious: 10 * time.Minute})
	if err != nil {
		panic(err)
	}
	changed := view.Changed()
	source.feed.Set(mapper.Update{Nodes: []mapper.Node{{Name: "a"}, {Name: "b"}, {Name: "c"}}})
	<-changed
	return view
}

func ExampleView_Previous() {
	view := growing()
	defer view.Close()
	fmt.Println(view.Value().Len())
	for set := range view.Previous() {
		fmt.Println(set.Len())
	}
	// Output:
	// 3
	// 2
}

// Readers of a tenant's data ask all nodes that had it within a duration.
func ExampleView_Previous_shards() {
	var source registry
	source.feed.Set(mapper.Update{Nodes: []mapper.Node{{Name: "a"}, {Name: "b"}, {Name: "c"}}})
	build := func(nodes []mapper.Node) (*rules.Shards[mapper.Node], error) {
		set, err := rendezvous.Build(nodes)
		if err != nil {
			return nil, err
		}
		return rules.NewShards(set, rules.ShardsConfig[mapper.Node]{ID: mapper.Node.ID})
	}
	view, err := mapper.FollowWith(context.Background(), &source, build,
		mapper.FollowConfig[*rules.Shards[mapper.Node]]{KeepPrevious: 12 * time.Hour})
	if err != nil {
		panic(err)
	}
	defer view.Close()
	changed := view.Changed()
	source.feed.Set(mapper.Update{Nodes: []mapper.Node{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}}})
	<-changed

	for _, tenant := range []string{"acme", "globex", "initech"} {
		write, _ := view.Value().Shard(nil, tenant, 2)
		read, err := view.Value().LookBack(nil, tenant, 2, view.Previous())
		fmt.Println(tenant, "writes to", namesOf(write), "and reads from", namesOf(read), err)
	}
	// Output:
	// acme writes to [b d] and reads from [b d c] <nil>
	// globex writes to [c b] and reads from [c b] <nil>
	// initech writes to [b d] and reads from [b d c] <nil>
}

func namesOf(nodes []mapper.Node) (names []string) {
	for _, n := range nodes {
		names = append(names, n.Name)
	}
	return names
}

func ExamplePreviousOwners() {
	view := growing()
	defer view.Close()
	for _, key := range []string{"user:1", "user:4"} {
		owner, _ := view.Value().Select(key)
		fmt.Println(key, "is with", owner.Name)
		for previous := range mapper.PreviousOwners(view, key) {
			fmt.Println(key, "was with", previous.Name)
		}
	}
	// Output:
	// user:1 is with a
	// user:4 is with c
	// user:4 was with b
}

// A cache stays warm while it grows: what the new node does not have comes from
// the node that had the key before, once.
func ExampleReadThrough() {
	view := growing()
	defer view.Close()
	owner, _ := view.Value().Select("user:4")
	fmt.Println("owner:", owner.Name)

	caches := map[string]map[string]string{"a": {"user:4": "Ada"}, "b": {"user:4": "Ada"}, "c": {}}
	get := func(_ context.Context, n mapper.Node, key string) (string, bool, error) {
		data, ok := caches[n.Name][key]
		return data, ok, nil
	}
	fill := func(_ context.Context, n mapper.Node, key, data string) error {
		caches[n.Name][key] = data // memcached: add
		return nil
	}
	data, found, err := mapper.ReadThrough(context.Background(), view, "user:4", get, fill)
	fmt.Println(data, found, err)
	fmt.Println("filled:", caches[owner.Name]["user:4"])
	// Output:
	// owner: c
	// Ada true <nil>
	// filled: Ada
}
