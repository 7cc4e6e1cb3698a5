package node

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// Get returns the value of a key; ok is false when there is none. It asks every
// replica, answers with the newest version, and brings that to those that have
// an older one or none.
func (n *Node) Get(ctx context.Context, key string) (value []byte, ok bool, err error) {
	n.Reads.Add(1)
	for {
		found, err := n.read(ctx, key)
		if err == nil {
			if !found.there() {
				n.Misses.Add(1)
			}
			return found.newest.Value, found.there(), nil
		}
		if sleep(ctx, 50*time.Millisecond) != nil {
			n.Failures.Add(1)
			return nil, false, err
		}
	}
}

// read asks the replicas once. While the members change, or have just changed,
// these are the old and the new ones; and before it says that a key is missing
// it then asks everybody.
func (n *Node) read(ctx context.Context, key string) (*answers, error) {
	p := n.known.Load()
	if p.now.Len() == 0 {
		return nil, fmt.Errorf("%w: no node serves yet", ErrUnavailable)
	}
	a := &answers{}
	lines := []*line{p.line(p.now, key)}
	recent := n.recent(p)
	if recent {
		lines = append(lines, p.line(p.next, key))
		if old := n.before.Load(); old != nil {
			lines = append(lines, old.line(old.now, key))
		}
	}
	for i, l := range lines {
		got := l.reach(func(name string) error { return n.ask(ctx, a, name, key) })
		if i == 0 && got < l.want() && a.newest.Clock == 0 {
			return nil, fmt.Errorf("%w: %d of %d", ErrUnavailable, got, l.want())
		}
	}
	if recent && !a.there() {
		n.askEverybody(ctx, a, p, key)
	}
	n.mend(ctx, p, a)
	return a, nil
}

// ask asks one node, unless it was asked before.
func (n *Node) ask(ctx context.Context, a *answers, name, key string) error {
	if a.asked(name) {
		return nil
	}
	return n.call(ctx, name, func(ctx context.Context, peer Peer) error {
		entries, err := peer.Fetch(ctx, []string{key})
		if err == nil {
			a.take(name, key, entries)
		}
		return err
	})
}

func (n *Node) askEverybody(ctx context.Context, a *answers, p *placement, key string) {
	var group sync.WaitGroup
	for _, m := range p.members {
		group.Go(func() { _ = n.ask(ctx, a, m.Name, key) })
	}
	group.Wait()
}

// mend brings the newest version to the owners that answered with an older one
// or with none. It does not keep the reader waiting.
func (n *Node) mend(ctx context.Context, p *placement, a *answers) {
	if a.newest.Clock == 0 {
		return
	}
	for _, name := range p.owners(a.newest.Key) {
		if !a.behind(name) {
			continue
		}
		n.mending.Go(func() {
			err := n.call(context.WithoutCancel(ctx), name, func(ctx context.Context, peer Peer) error {
				return peer.Keep(ctx, []kv.Entry{a.newest})
			})
			if err == nil {
				n.Mended.Add(1)
			}
		})
	}
}

// answers is what nodes said of one key.
type answers struct {
	mu     sync.Mutex
	newest kv.Entry
	by     map[string]kv.Version
}

func (a *answers) asked(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := a.by[name]
	return ok
}

func (a *answers) take(name, key string, entries []kv.Entry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.by == nil {
		a.by = map[string]kv.Version{}
	}
	a.by[name] = kv.Version{}
	for _, e := range entries {
		if e.Key != key {
			continue
		}
		a.by[name] = e.Version
		if e.Newer(a.newest.Stamp) {
			a.newest = e
		}
	}
}

// there reports whether the newest version is a value.
func (a *answers) there() bool { return a.newest.Clock != 0 && !a.newest.Deleted }

// behind reports whether a node answered, and not with the newest version.
func (a *answers) behind(name string) bool {
	v, ok := a.by[name]
	return ok && v != a.newest.Version
}
