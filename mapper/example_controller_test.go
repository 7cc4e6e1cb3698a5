package mapper_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

// Controller is one replica of a sharded controller: it reconciles the objects that it
// owns and leaves the others to the other replicas. In Kubernetes the source of View is
// package kubernetes over the replicas of a headless Service, and Self is POD_NAME.
type Controller struct {
	Self string
	View *mapper.View[*rendezvous.Set[mapper.Node]]
	// MaxAge is how long the controller acts while the source of View does not answer.
	MaxAge time.Duration

	mu      sync.Mutex
	objects map[string]bool // what the informer knows
	queue   map[string]bool // a workqueue in a real controller
	log     []string
}

// OnAdd is the event handler of the informer.
func (c *Controller) OnAdd(object string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.objects[object] = true
	if c.View.Value().Owns(object, c.Self, 1) {
		c.queue[object] = true
	}
}

// Reconcile works on the queue. It asks again who owns an object, which may have moved
// while it waited.
func (c *Controller) Reconcile() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, object := range slices.Sorted(maps.Keys(c.queue)) {
		if c.View.Age() <= c.MaxAge && c.View.Value().Owns(object, c.Self, 1) {
			c.log = append(c.log, "reconcile "+object)
		}
	}
	clear(c.queue)
}

// Run queues the objects that the controller gains when replicas come and go, and drops
// what it holds for those that it loses: timers, caches, watches.
func (c *Controller) Run(ctx context.Context, handedOver func()) {
	for h := range mapper.Handovers(ctx, c.View, c.Self, 1) {
		c.mu.Lock()
		for object := range h.Lost(c.known()) {
			c.log = append(c.log, "drop "+object)
		}
		for object := range h.Gained(c.known()) {
			c.queue[object] = true
		}
		c.mu.Unlock()
		c.Reconcile()
		handedOver()
	}
}

func (c *Controller) known() iter.Seq[string] {
	return slices.Values(slices.Sorted(maps.Keys(c.objects)))
}

// A replica of a controller reconciles its share of six objects. It takes over the rest
// when the other replica is gone, and hands a part back when two others come.
func Example_shardedController() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	replicas := func(names ...string) (nodes []mapper.Node) {
		for _, name := range names {
			nodes = append(nodes, mapper.Node{Name: name})
		}
		return nodes
	}
	var source registry // stands for kubernetes.New
	source.feed.Set(mapper.Update{Nodes: replicas("controller-0", "controller-1")})
	view, err := mapper.Follow(ctx, &source, rendezvous.Build)
	if err != nil {
		fmt.Println(err)
		return
	}
	c := &Controller{Self: "controller-1", View: view, MaxAge: time.Minute, objects: map[string]bool{}, queue: map[string]bool{}}
	for i := range 6 {
		c.OnAdd(fmt.Sprint("default/app-", i))
	}
	handovers := make(chan struct{})
	go c.Run(ctx, func() { handovers <- struct{}{} })
	<-handovers // the first: what it owns at the start
	for _, names := range [][]string{{"controller-1"}, {"controller-0", "controller-1", "controller-2"}} {
		c.log = append(c.log, fmt.Sprint(names))
		source.feed.Set(mapper.Update{Nodes: replicas(names...)})
		<-handovers
	}
	for _, line := range c.log {
		fmt.Println(line)
	}
	// Output:
	// reconcile default/app-0
	// reconcile default/app-4
	// [controller-1]
	// reconcile default/app-1
	// reconcile default/app-2
	// reconcile default/app-3
	// reconcile default/app-5
	// [controller-0 controller-1 controller-2]
	// drop default/app-1
	// drop default/app-2
	// drop default/app-3
	// drop default/app-5
}
