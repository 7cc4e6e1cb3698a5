package node

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The tests here record histories of one key and ask a checker whether they are
// linearizable: whether some order of the operations, each at one moment between
// its call and its return, explains every answer. They say what the store is,
// and by example what it is not.

// operation is the input of one operation: a write, a deletion or a read.
type operation struct {
	kind  byte // 'w', 'd' or 'r'
	value string
}

// register is the model: a key has a value or none.
var register = porcupine.Model{
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		switch op := input.(operation); op.kind {
		case 'w':
			return true, op.value
		case 'd':
			return true, ""
		default:
			return output == state, state
		}
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%v -> %v", input, output) },
}

// history is what clients saw.
type history struct {
	t     *testing.T
	began time.Time
	mu    sync.Mutex
	ops   []porcupine.Operation
}

func newHistory(t *testing.T) *history { return &history{t: t, began: time.Now()} }

// do does an operation at a node and records it. No value is "".
func (h *history) do(client int, n *Node, op operation) (output string) {
	called := time.Since(h.began)
	var err error
	switch op.kind {
	case 'w':
		err = n.Put(h.t.Context(), "k", []byte(op.value))
	case 'd':
		err = n.Delete(h.t.Context(), "k")
	default:
		var value []byte
		value, _, err = n.Get(h.t.Context(), "k")
		output = string(value)
	}
	assert.NoError(h.t, err)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{
		ClientId: client, Input: op, Output: output, Call: int64(called), Return: int64(time.Since(h.began)),
	})
	return output
}

func (h *history) check() porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(register, h.ops, 2*time.Minute)
}

// clients run random operations, each at the nodes that at returns.
func (h *history) clients(count, operations int, at func() *Node) {
	var group sync.WaitGroup
	for client := range count {
		group.Go(func() {
			for i := range operations {
				op := operation{"wrrrd"[rand.IntN(5)], ""}
				if op.kind == 'w' {
					op.value = fmt.Sprintf("%d of client %d", i, client)
				}
				h.do(client, at(), op)
			}
		})
	}
	group.Wait()
}

// All requests at one node, and nobody comes or goes: linearizable. The node's
// clock orders the writes, and a read asks every replica.
func TestOneCoordinatorIsLinearizable(t *testing.T) {
	w := newTown(t, 2)
	n := w.enter("a", "")
	w.enter("b", "")
	w.enter("c", "")
	time.Sleep(300 * time.Millisecond)
	h := newHistory(t)
	h.clients(6, 60, func() *Node { return n })
	assert.Equal(t, porcupine.Ok, h.check())
}

// And still when nodes come and go meanwhile.
func TestOneCoordinatorIsLinearizableWhileNodesMove(t *testing.T) {
	w := newTown(t, 2)
	n := w.enter("a", "")
	h := newHistory(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.clients(3, 300, func() *Node { time.Sleep(time.Millisecond); return n })
	}()
	for _, name := range []string{"b", "c", "d"} {
		w.enter(name, "")
	}
	w.leave("b")
	<-done
	assert.Equal(t, porcupine.Ok, h.check())
}

// An anomaly: two nodes whose clocks differ. A write that was acknowledged after
// another is older than it by its clock, and lost.
func TestAnomalyOfClocks(t *testing.T) {
	w := newTown(t, 1)
	w.enter("a", "")
	slow, fast := w.enter("b", ""), w.enter("c", "")
	time.Sleep(300 * time.Millisecond)
	owner := w.nodeNamed(slow.Owners("k")[0])
	if slow == owner {
		slow = w.nodeNamed("a")
	}
	if fast == owner {
		fast = w.nodeNamed("a")
	}
	w.mu.Lock()
	w.skew[slow.cfg.Self] = -time.Minute
	w.mu.Unlock()
	h := newHistory(t)
	h.do(1, fast, operation{'w', "first"})
	h.do(1, slow, operation{'w', "second"})
	assert.Equal(t, "first", h.do(1, fast, operation{'r', ""}))
	assert.Equal(t, porcupine.Illegal, h.check())
}

// Another: the nodes that have a write are out of reach, and one that slept
// through it answers alone.
func TestAnomalyOfStaleReplica(t *testing.T) {
	w := newTown(t, 2)
	w.repair = time.Hour
	for _, name := range []string{"a", "b", "c", "d"} {
		w.enter(name, "")
	}
	time.Sleep(300 * time.Millisecond)
	at := w.nodeNamed("a")
	owners := at.known.Load().line(at.known.Load().now, "k")
	var order []string
	for i := range 4 {
		name, ok := owners.at(i)
		require.True(t, ok)
		order = append(order, name)
	}
	client := w.nodeNamed(order[3]) // no replica, and no substitute for one
	h := newHistory(t)
	h.do(1, client, operation{'w', "first"})
	w.silence(order[:1])
	h.do(1, client, operation{'w', "second"}) // at the second and the third
	w.silence(order[1:3], order[0])
	assert.Equal(t, "first", h.do(1, client, operation{'r', ""}))
	w.silence(nil, order[1:3]...)
	assert.Equal(t, porcupine.Illegal, h.check())

	require.Eventually(t, func() bool {
		value, ok, err := client.Get(context.Background(), "k")
		return err == nil && ok && string(value) == "second"
	}, patience, 10*time.Millisecond, "and it passes: what was acknowledged is not lost")
}
