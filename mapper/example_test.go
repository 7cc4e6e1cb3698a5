package mapper_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/static"
	"github.com/proxenos/proxenos/rendezvous"
)

// list stands for a source that discovers its nodes.
func list(ids ...string) mapper.Mapper {
	source, err := static.Flags(ids)
	if err != nil {
		panic(err)
	}
	return source
}

// A service follows its source and routes with what it builds.
func ExampleFollow() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	view, err := mapper.Follow(ctx, list("a", "b", "c"), rendezvous.Build)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer view.Close()

	set := view.Value()
	node, ok := set.Select("user:42")
	fmt.Println(set.Len(), node.Name != "", ok, view.Err(), view.Age())
	// Output: 3 true true <nil> 0s
}

func ExampleFollowWith() {
	count := func(nodes []mapper.Node) (int, error) { return len(nodes), nil }
	events := make(chan mapper.Event, 10)
	view, err := mapper.FollowWith(context.Background(), list("a"), count, mapper.Config[int]{
		StartEmpty: true,
		MinNodes:   2,
		Observe:    func(e mapper.Event) { events <- e },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer view.Close()
	fmt.Println((<-events).Err)
	fmt.Println(view.Value())
	// Output:
	// refused a set of 1 nodes: fewer than MinNodes (2)
	// 0
}

func ExampleView_Value() {
	view, err := mapper.Follow(context.Background(), list("a", "b"), func(nodes []mapper.Node) (int, error) { return len(nodes), nil })
	if err != nil {
		fmt.Println(err)
		return
	}
	view.Close()
	fmt.Println(view.Value()) // the last good value stays
	// Output: 2
}

func ExampleView_Nodes() {
	view, _ := mapper.Follow(context.Background(), list("a", "b"), func(nodes []mapper.Node) (int, error) { return len(nodes), nil })
	defer view.Close()
	fmt.Println(view.Nodes()[1].Name)
	// Output: b
}

func ExampleView_Err() {
	view, _ := mapper.Follow(context.Background(), list("a"), func(nodes []mapper.Node) (int, error) { return len(nodes), nil })
	fmt.Println(view.Err())
	view.Close()
	fmt.Println(view.Err())
	// Output:
	// <nil>
	// the source is no longer followed
}

func ExampleView_Age() {
	view, _ := mapper.Follow(context.Background(), list("a"), func(nodes []mapper.Node) (int, error) { return len(nodes), nil })
	defer view.Close()
	if view.Age() < 5*time.Minute {
		fmt.Println("fresh enough")
	}
	// Output: fresh enough
}

func ExampleView_Close() {
	view, _ := mapper.Follow(context.Background(), list("a"), func(nodes []mapper.Node) (int, error) { return len(nodes), nil })
	view.Close()
	view.Close()
	fmt.Println(errors.Is(view.Err(), mapper.ErrStopped))
	// Output: true
}

func ExampleView_Done() {
	ctx, cancel := context.WithCancel(context.Background())
	view, _ := mapper.Follow(ctx, list("a"), func(nodes []mapper.Node) (int, error) { return len(nodes), nil })
	cancel()
	<-view.Done()
	fmt.Println("ended")
	// Output: ended
}

func ExampleWatch() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for nodes, err := range mapper.Watch(ctx, list("a", "b"), time.Minute) {
		if err != nil {
			fmt.Println("still trying:", err)
			continue
		}
		fmt.Println(len(nodes))
		break // or go on until the context ends
	}
	// Output: 2
}

func ExampleSpread() {
	zones := map[string]string{"a": "east", "b": "east", "c": "west"}
	set, err := rendezvous.Of("a", "b", "c")
	if err != nil {
		fmt.Println(err)
		return
	}
	zone := func(n string) string { return zones[n] }
	first, _ := set.Select("user:42")
	two, degraded := mapper.Spread(nil, set.Rank("user:42"), 2, zone, mapper.SpreadZones)
	fmt.Println(two[0] == first, zones[two[0]] != zones[two[1]], degraded)
	three, degraded := mapper.Spread(nil, set.Rank("user:42"), 3, zone, mapper.SpreadZones)
	fmt.Println(len(three), degraded) // there are only two zones
	// Output:
	// true true false
	// 3 true
}

func ExampleParseZonePolicy() {
	policy, err := mapper.ParseZonePolicy("strict")
	fmt.Println(policy == mapper.StrictZones, err)
	_, err = mapper.ParseZonePolicy("rack")
	fmt.Println(err)
	// Output:
	// true <nil>
	// zone policy "rack": want any, spread or strict
}

func ExampleZonePolicy_String() {
	fmt.Println(mapper.AnyZone, mapper.SpreadZones, mapper.StrictZones)
	// Output: any spread strict
}

func ExampleGuard_Nodes() {
	guard := &mapper.Guard{Source: list("a"), MinNodes: 2}
	_, err := guard.Nodes(context.Background())
	fmt.Println(err)
	// Output: refused a set of 1 nodes: fewer than MinNodes (2)
}

func ExampleGuard_Watch() {
	guard := &mapper.Guard{Source: list("a"), MinNodes: 2}
	for _, err := range guard.Watch(context.Background()) {
		fmt.Println(err)
		break
	}
	// Output: refused a set of 1 nodes: fewer than MinNodes (2)
}

func ExampleQuiet_Watch() {
	quiet := &mapper.Quiet{Source: list("a"), Min: time.Second, HoldRemovals: time.Minute}
	for nodes, err := range quiet.Watch(context.Background()) {
		fmt.Println(len(nodes), err) // the first set comes at once
		break
	}
	// Output: 1 <nil>
}

func ExampleQuiet_Nodes() {
	nodes, err := (&mapper.Quiet{Source: list("a"), Min: time.Second}).Nodes(context.Background())
	fmt.Println(len(nodes), err)
	// Output: 1 <nil>
}

func ExampleMerge_Nodes() {
	merge := &mapper.Merge{
		Sources:  []mapper.Mapper{list("b=h:1"), list("a", "b=h:2")},
		Conflict: func(kept, dropped mapper.Node) { fmt.Println("kept", kept.Addr, "and not", dropped.Addr) },
	}
	nodes, err := merge.Nodes(context.Background())
	fmt.Println(nodes[0].Name, nodes[1].Name, err)
	// Output:
	// kept h:1 and not h:2
	// a b <nil>
}

func ExampleMerge_Watch() {
	merge := &mapper.Merge{Sources: []mapper.Mapper{list("b"), list("a")}}
	for nodes, err := range merge.Watch(context.Background()) {
		fmt.Println(nodes[0].Name, nodes[1].Name, err)
		break
	}
	// Output: a b <nil>
}

// outage is a source that cannot be asked.
var outage = mapper.Func(func(context.Context) ([]mapper.Node, error) { return nil, errors.New("connection refused") })

func ExampleCached_Ask() {
	dir, _ := os.MkdirTemp("", "example")
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "nodes.json")

	before := &mapper.Cached{Source: list("a"), Path: path}
	snapshot, reason, err := before.Ask(context.Background())
	fmt.Println(snapshot.Nodes[0].Name, reason, err)

	after := &mapper.Cached{Source: outage, Path: path, MaxStale: 5 * time.Minute}
	snapshot, reason, err = after.Ask(context.Background())
	fmt.Println(snapshot.Nodes[0].Name, reason, err)
	// Output:
	// a <nil> <nil>
	// a using a snapshot that is 0s old, as the source cannot be asked: connection refused <nil>
}

func ExampleCached_Nodes() {
	dir, _ := os.MkdirTemp("", "example")
	defer func() { _ = os.RemoveAll(dir) }()
	_, err := (&mapper.Cached{Source: outage, Path: filepath.Join(dir, "none")}).Nodes(context.Background())
	fmt.Println(err)
	// Output: connection refused
}

func ExampleCached_Watch() {
	dir, _ := os.MkdirTemp("", "example")
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "nodes.json")
	_ = mapper.Snapshot{Saved: time.Now(), Nodes: []mapper.Node{{Name: "a"}}}.Write(path)

	for nodes, err := range (&mapper.Cached{Source: outage, Path: path}).Watch(context.Background()) {
		fmt.Println(len(nodes), err) // the snapshot, and then the reason
		if err != nil {
			break
		}
	}
	// Output:
	// 1 <nil>
	// 0 using a snapshot that is 0s old, as the source cannot be asked: connection refused
}

func ExampleSnapshot_Write() {
	dir, _ := os.MkdirTemp("", "example")
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "nodes.json")
	s := mapper.Snapshot{Saved: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Nodes: []mapper.Node{{Name: "a", Addr: "h:1"}}}
	if err := s.Write(path); err != nil {
		fmt.Println(err)
		return
	}
	text, _ := os.ReadFile(path)
	fmt.Print(string(text))
	// Output: {"schema":"proxenos.nodes/v1","saved":"2026-01-02T03:04:05Z","nodes":[{"id":"a","address":"h:1"}]}
}

func ExampleReadSnapshot() {
	dir, _ := os.MkdirTemp("", "example")
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "nodes.json")
	_ = mapper.Snapshot{Saved: time.Now(), Nodes: []mapper.Node{{Name: "a"}}}.Write(path)
	s, err := mapper.ReadSnapshot(path)
	fmt.Println(s.Nodes[0].Name, time.Since(s.Saved) < time.Hour, err)
	// Output: a true <nil>
}

// A caller whose nodes come from a place of its own makes a source of a
// function.
func ExampleFunc() {
	source := mapper.Func(func(ctx context.Context) ([]mapper.Node, error) {
		return []mapper.Node{{Name: "a", Addr: "10.0.0.1:80"}, {Name: "b", Drain: true}}, nil
	})
	nodes, err := source.Nodes(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range nodes {
		fmt.Println(n.ID(), n.Address(), n.Capacity())
	}
	// Output:
	// a 10.0.0.1:80 1
	// b b 0
}

func ExampleFunc_Nodes() {
	ask := func(ctx context.Context) ([]mapper.Node, error) { return nil, ctx.Err() }
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := mapper.Func(ask).Nodes(ctx)
	fmt.Println(err)
	// Output: context canceled
}

func ExampleNode_ID() {
	fmt.Println(mapper.Node{Name: "web-1", Addr: "10.0.0.1:80"}.ID())
	// Output: web-1
}

func ExampleNode_Capacity() {
	fmt.Println(mapper.Node{}.Capacity(), mapper.Node{Weight: 2.5}.Capacity(), mapper.Node{Weight: 2.5, Drain: true}.Capacity())
	// Output: 1 2.5 0
}

func ExampleNode_Address() {
	fmt.Println(mapper.Node{Name: "web-1", Addr: "10.0.0.1:80"}.Address(), mapper.Node{Name: "10.0.0.2:80"}.Address())
	// Output: 10.0.0.1:80 10.0.0.2:80
}

func ExampleNode_Equal() {
	a := mapper.Node{Name: "a", Zone: "east"}
	fmt.Println(a.Equal(mapper.Node{Name: "a", Zone: "east", Tags: []string{}}), a.Equal(mapper.Node{Name: "a"}))
	// Output: true false
}

func ExampleNode_Clone() {
	a := mapper.Node{Name: "a", Tags: []string{"blue"}}
	b := a.Clone()
	b.Tags[0] = "green"
	fmt.Println(a.Tags, b.Tags)
	// Output: [blue] [green]
}

func ExampleEqual() {
	fmt.Println(mapper.Equal([]mapper.Node{{Name: "a"}}, []mapper.Node{{Name: "a"}}), mapper.Equal(nil, []mapper.Node{{Name: "a"}}))
	// Output: true false
}

func ExampleClone() {
	nodes := []mapper.Node{{Name: "a"}}
	clone := mapper.Clone(nodes)
	clone[0].Name = "b"
	fmt.Println(nodes[0].Name, clone[0].Name)
	// Output: a b
}
