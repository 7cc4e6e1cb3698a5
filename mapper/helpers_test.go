package mapper_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/proxenos/proxenos/mapper"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errDown = errors.New("down")

// polled is a source in memory that is not a Watcher.
type polled struct {
	mu    sync.Mutex
	nodes []mapper.Node
	err   error
	hang  bool
	calls int
}

func (p *polled) set(names string) { p.put(nodesOf(names), nil) }

func (p *polled) fail(err error) { p.put(nil, err) }

func (p *polled) put(nodes []mapper.Node, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nodes, p.err = nodes, err
}

func (p *polled) Nodes(ctx context.Context) ([]mapper.Node, error) {
	p.mu.Lock()
	p.calls++
	nodes, err, hang := mapper.Clone(p.nodes), p.err, p.hang
	p.mu.Unlock()
	if hang {
		<-ctx.Done()
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return nodes, nil
}

func (p *polled) asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

// watched is a source in memory that is a Watcher.
type watched struct {
	polled
	change chan struct{}
}

func newWatched(names string) *watched {
	return &watched{polled: polled{nodes: nodesOf(names)}, change: make(chan struct{})}
}

func (w *watched) set(names string) { w.put(nodesOf(names), nil) }

func (w *watched) fail(err error) { w.put(nil, err) }

func (w *watched) put(nodes []mapper.Node, err error) {
	w.polled.put(nodes, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.change)
	w.change = make(chan struct{})
}

func (w *watched) Watch(ctx context.Context) iter.Seq[mapper.Update] {
	return func(yield func(mapper.Update) bool) {
		for ctx.Err() == nil {
			w.mu.Lock()
			u, hang, change := mapper.Update{Nodes: mapper.Clone(w.nodes), Err: w.err}, w.hang, w.change
			w.mu.Unlock()
			if u.Err != nil {
				u.Nodes = nil
			}
			if !hang && !yield(u) {
				return
			}
			select {
			case <-change:
			case <-ctx.Done():
			}
		}
	}
}

// nodesOf makes a node of every word; "a:2" has the weight 2, "a:0" is
// drained.
func nodesOf(names string) []mapper.Node {
	var nodes []mapper.Node
	for _, word := range strings.Fields(names) {
		name, weight, _ := strings.Cut(word, ":")
		n := mapper.Node{Name: name}
		if _, err := fmt.Sscan(weight, &n.Weight); err == nil && n.Weight == 0 {
			n.Drain = true
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// tape records what a watch yields, as "[a b]" or "!down". A failure that
// brings other nodes than the update before is "[a b] !down".
type tape struct {
	mu     sync.Mutex
	events []string
	nodes  []mapper.Node // of the last update that brought any
	ended  bool
	stop   func()
}

// record watches until the bubble's test ends.
func record(t *testing.T, w mapper.Watcher) *tape {
	ctx, cancel := context.WithCancel(t.Context())
	tape := &tape{stop: cancel}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for u := range w.Watch(ctx) {
			tape.add(u)
		}
		tape.mu.Lock()
		defer tape.mu.Unlock()
		tape.ended = true
	}()
	t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
	return tape
}

func words(nodes []mapper.Node, err error) string {
	if err != nil {
		return "!" + err.Error()
	}
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.Name
	}
	return "[" + strings.Join(names, " ") + "]"
}

func (t *tape) add(u mapper.Update) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if u.Known() && (u.Err == nil || !mapper.Equal(t.nodes, u.Nodes)) {
		t.nodes = mapper.Clone(u.Nodes)
		t.events = append(t.events, words(u.Nodes, nil))
	}
	if u.Err != nil {
		t.events = append(t.events, words(nil, u.Err))
	}
}

// take returns what was recorded since the last take.
func (t *tape) take() string {
	synctest.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	all := strings.Join(t.events, " ")
	t.events = nil
	return all
}

// after lets time pass first.
func (t *tape) after(d time.Duration) string {
	time.Sleep(d)
	return t.take()
}
