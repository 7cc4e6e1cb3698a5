package mapper_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
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
	guard := &mapper.Guard{Source: list("a"), MinNodes: 2}
	view, err := mapper.FollowWith(context.Background(), guard, count, mapper.FollowConfig[int]{
		StartEmpty: true,
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
	// rejected a set of 1 node: the minimum is 2
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

func ExampleView_State() {
	view, _ := mapper.Follow(context.Background(), list("a", "b"), func(nodes []mapper.Node) (int, error) { return len(nodes), nil })
	defer view.Close()
	s := view.State()
	fmt.Println(s.Value, s.Set.Nodes[0].Name, s.Set.Origin, s.Set.Err, s.Set.Partial(), s.Age)
	// Output: 2 a live <nil> <nil> 0s
}

// A consumer acts on each change, and on the end.
func ExampleView_Changed() {
	var source registry
	source.feed.Set(mapper.Update{Nodes: []mapper.Node{{Name: "a"}}})
	view, _ := mapper.Follow(context.Background(), &source, func(nodes []mapper.Node) (int, error) { return len(nodes), nil })
	defer view.Close()
	changed := view.Changed()
	fmt.Println(view.State().Value)
	source.feed.Set(mapper.Update{Nodes: []mapper.Node{{Name: "a"}, {Name: "b"}}})
	<-changed
	fmt.Println(view.State().Value)
	// Output:
	// 1
	// 2
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

func ExamplePolled_Watch() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	polled := &mapper.Polled{Source: list("a", "b"), Every: time.Minute}
	for u := range polled.Watch(ctx) {
		if u.Err != nil {
			fmt.Println("still trying:", u.Err)
			continue
		}
		fmt.Println(len(u.Nodes))
		break // or go on until the context ends
	}
	// Output: 2
}

func ExamplePolled_Nodes() {
	nodes, err := (&mapper.Polled{Source: list("a")}).Nodes(context.Background())
	fmt.Println(len(nodes), err)
	// Output: 1 <nil>
}

func ExamplePolled_Ask() {
	u, err := (&mapper.Polled{Source: list("a")}).Ask(context.Background())
	fmt.Println(len(u.Nodes), u.Origin, err)
	// Output: 1 live <nil>
}

func ExampleAsk() {
	u, err := mapper.Ask(context.Background(), list("a"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(u.Nodes[0].Name, u.Origin, u.Err, u.Partial())
	// Output: a live <nil> <nil>
}

// A list in which one record cannot be used.
func ExampleUpdate_Partial() {
	source := mapper.Func(func(context.Context) ([]mapper.Node, error) {
		bad := errors.New(`node "b": port 0`)
		return []mapper.Node{{Name: "a"}}, &mapper.PartialError{Skipped: []error{bad}}
	})
	u, err := mapper.Ask(context.Background(), source)
	fmt.Println(len(u.Nodes), err)
	fmt.Println(u.Partial())
	// Output:
	// 1 <nil>
	// the set is partial, records left out: 1: node "b": port 0
}

func ExampleUpdate_Known() {
	failed := mapper.Update{Err: errors.New("connection refused")}
	stale := mapper.Update{Err: failed.Err, Nodes: []mapper.Node{{Name: "a"}}}
	fmt.Println(failed.Known(), stale.Known())
	// Output: false true
}

func ExampleUpdate_Clone() {
	u := mapper.Update{Nodes: []mapper.Node{{Name: "a"}}}
	c := u.Clone()
	c.Nodes[0].Name = "b"
	fmt.Println(u.Nodes[0].Name)
	// Output: a
}

// registry is a source that is notified of changes. A Feed makes a Watcher
// of it.
type registry struct{ feed mapper.Feed }

func (r *registry) Nodes(context.Context) ([]mapper.Node, error) {
	u, ok := r.feed.Latest()
	if !ok {
		return nil, errors.New("nothing is known yet")
	}
	return u.Nodes, u.Partial()
}

func (r *registry) Watch(ctx context.Context) iter.Seq[mapper.Update] { return r.feed.Watch(ctx) }

func ExampleFeed() {
	r := &registry{}
	r.feed.Set(mapper.Update{Nodes: []mapper.Node{{Name: "a"}, {Name: "b"}}})
	view, err := mapper.Follow(context.Background(), r, func(nodes []mapper.Node) (int, error) { return len(nodes), nil })
	if err != nil {
		fmt.Println(err)
		return
	}
	defer view.Close()
	fmt.Println(view.Value())
	// Output: 2
}

func ExampleFeed_Set() {
	var f mapper.Feed
	f.Set(mapper.Update{Nodes: []mapper.Node{{Name: "a"}}})
	for u := range f.Watch(context.Background()) {
		fmt.Println(u.Nodes[0].Name, u.Err)
		break
	}
	// Output: a <nil>
}

func ExampleFeed_Fail() {
	var f mapper.Feed
	f.Set(mapper.Update{Nodes: []mapper.Node{{Name: "a"}}})
	f.Fail(errors.New("connection refused"))
	for u := range f.Watch(context.Background()) {
		fmt.Println(u.Nodes[0].Name, u.Err) // the last set stands
		break
	}
	// Output: a connection refused
}

// Run publishes while there is a reader, here a single time.
func ExampleFeed_Watch() {
	var f mapper.Feed
	f.Run = func(context.Context) { f.Set(mapper.Update{Nodes: []mapper.Node{{Name: "a"}}}) }
	for u := range f.Watch(context.Background()) {
		fmt.Println(len(u.Nodes))
	}
	// Output: 1
}

func ExampleFeed_Latest() {
	var f mapper.Feed
	_, ok := f.Latest()
	fmt.Println(ok)
	f.Set(mapper.Update{})
	u, ok := f.Latest()
	fmt.Println(len(u.Nodes), ok)
	// Output:
	// false
	// 0 true
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
	two, degraded := mapper.Spread(nil, set.Rank("user:42"), 2, zone, mapper.ZonePolicySpread)
	fmt.Println(two[0] == first, zones[two[0]] != zones[two[1]], degraded)
	three, degraded := mapper.Spread(nil, set.Rank("user:42"), 3, zone, mapper.ZonePolicySpread)
	fmt.Println(len(three), degraded) // there are only two zones
	// Output:
	// true true false
	// 3 true
}

func ExampleParseZonePolicy() {
	policy, err := mapper.ParseZonePolicy("strict")
	fmt.Println(policy == mapper.ZonePolicyStrict, err)
	_, err = mapper.ParseZonePolicy("rack")
	fmt.Println(err)
	// Output:
	// true <nil>
	// zone policy "rack": want any, spread or strict
}

func ExampleZonePolicy_String() {
	fmt.Println(mapper.ZonePolicyAny, mapper.ZonePolicySpread, mapper.ZonePolicyStrict)
	// Output: any spread strict
}

func ExampleGuard_Nodes() {
	guard := &mapper.Guard{Source: list("a"), MinNodes: 2}
	_, err := guard.Nodes(context.Background())
	fmt.Println(err)
	// Output: rejected a set of 1 node: the minimum is 2
}

func ExampleGuard_Ask() {
	guard := &mapper.Guard{Source: list("a", "b"), MinNodes: 2}
	u, err := guard.Ask(context.Background())
	fmt.Println(len(u.Nodes), err)
	// Output: 2 <nil>
}

func ExampleGuard_Watch() {
	guard := &mapper.Guard{Source: list("a"), MinNodes: 2}
	for u := range guard.Watch(context.Background()) {
		fmt.Println(u.Err)
		break
	}
	// Output: rejected a set of 1 node: the minimum is 2
}

func ExampleDebounce_Watch() {
	debounce := &mapper.Debounce{Source: list("a"), Min: time.Second, HoldRemovals: time.Minute}
	for u := range debounce.Watch(context.Background()) {
		fmt.Println(len(u.Nodes), u.Err) // the first set comes at once
		break
	}
	// Output: 1 <nil>
}

func ExampleDebounce_Nodes() {
	nodes, err := (&mapper.Debounce{Source: list("a"), Min: time.Second}).Nodes(context.Background())
	fmt.Println(len(nodes), err)
	// Output: 1 <nil>
}

func ExampleDebounce_Ask() {
	u, err := (&mapper.Debounce{Source: list("a"), Min: time.Second}).Ask(context.Background())
	fmt.Println(len(u.Nodes), err)
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
	for u := range merge.Watch(context.Background()) {
		fmt.Println(u.Nodes[0].Name, u.Nodes[1].Name, u.Err)
		break
	}
	// Output: a b <nil>
}

func ExampleMerge_Ask() {
	merge := &mapper.Merge{Sources: []mapper.Mapper{list("a"), outage}, Partial: true}
	u, err := merge.Ask(context.Background())
	fmt.Println(len(u.Nodes), err)
	fmt.Println(u.Partial())
	// Output:
	// 1 <nil>
	// the set is partial, records left out: 1: source 2 of 2: connection refused
}

// outage is a source that cannot be asked.
var outage = mapper.Func(func(context.Context) ([]mapper.Node, error) { return nil, errors.New("connection refused") })

func ExampleCached_Ask() {
	dir, _ := os.MkdirTemp("", "example")
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "nodes.json")

	before := &mapper.Cached{Source: list("a"), Path: path}
	u, err := before.Ask(context.Background())
	fmt.Println(u.Nodes[0].Name, u.Origin, u.Err, err)

	after := &mapper.Cached{Source: outage, Path: path, MaxStale: 5 * time.Minute}
	u, err = after.Ask(context.Background())
	fmt.Println(u.Nodes[0].Name, u.Origin, err)
	fmt.Println(u.Err)
	// Output:
	// a live <nil> <nil>
	// a snapshot <nil>
	// using a snapshot that is 0s old, as the source cannot be asked: connection refused
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

	for u := range (&mapper.Cached{Source: outage, Path: path}).Watch(context.Background()) {
		fmt.Println(len(u.Nodes), u.Err)
		break
	}
	// Output: 1 using a snapshot that is 0s old, as the source cannot be asked: connection refused
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
	// Output:
	// {"schema":"proxenos.nodes/v1","saved":"2026-01-02T03:04:05Z","nodes":[
	//  {"id":"a","address":"h:1"}
	// ]}
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

// Func makes a source of a function that lists nodes.
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
