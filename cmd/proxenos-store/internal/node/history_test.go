package node

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/internal/testkit/bubble"
)

// The tests in this file record histories of one key and check whether they are
// linearizable: whether some order of the operations, each at one moment between
// its call and its return, explains every result. They show what the store
// guarantees and, by example, what it does not.

// operation is the input of one operation.
type operation struct {
	kind  byte // 'w' writes, 'd' deletes, 'r' reads
	value string
}

// register is the model: a key with a value, or "" for none.
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

// history records the operations of clients. Its time is the order of events, as
// virtual time may stand still during an operation.
type history struct {
	t      *testing.T
	events atomic.Int64
	mu     sync.Mutex
	ops    []porcupine.Operation
}

// do runs an operation at a node and records it. It returns the value read, or ""
// for none.
func (h *history) do(client int, n *Node, op operation) (output string) {
	called := h.events.Add(1)
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
	h.ops = append(h.ops, porcupine.Operation{ClientId: client, Input: op, Output: output, Call: called, Return: h.events.Add(1)})
	return output
}

func (h *history) check() porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(register, h.ops, 2*time.Minute)
}

// clients runs random operations of several clients, each at the node that at returns.
func (h *history) clients(count, operations int, at func() *Node) {
	var group sync.WaitGroup
	for client := range count {
		group.Go(func() {
			for i := range operations {
				op := operation{"wrrrd"[rand.IntN(5)], ""}
				if op.kind == 'w' {
					op.value = fmt.Sprintf("%d of client %d", i, client)
				}
				time.Sleep(rand.N(latency))
				h.do(client, at(), op)
			}
		})
	}
	group.Wait()
}

// With all requests at one node the store is linearizable: the clock of that node
// orders the writes, and a read reaches every replica.
func TestOneCoordinatorIsLinearizable(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		n := tc.start("a", "")
		tc.start("b", "")
		tc.start("c", "")
		tc.settle()
		h := &history{t: t}
		h.clients(6, 60, func() *Node { return n })
		assert.Equal(t, porcupine.Ok, h.check())
	})
}

func TestOneCoordinatorIsLinearizableDuringMembershipChanges(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		n := tc.start("a", "")
		h := &history{t: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.clients(3, 300, func() *Node { return n })
		}()
		for _, name := range []string{"b", "c", "d"} {
			tc.start(name, "")
		}
		tc.leave("b")
		<-done
		assert.Equal(t, porcupine.Ok, h.check())
	})
}

// Requests at all nodes, whose clocks differ by minutes, are linearizable while all
// replicas answer: a write that finds a newer version gets a later timestamp.
func TestClockSkewIsLinearizable(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		var nodes []*Node
		for i, name := range []string{"a", "b", "c", "d", "e"} {
			tc.setSkew(name, time.Duration(i-2)*2*time.Minute)
			nodes = append(nodes, tc.start(name, ""))
		}
		tc.settle()
		h := &history{t: t}
		h.clients(6, 60, func() *Node { return nodes[rand.IntN(len(nodes))] })
		assert.Equal(t, porcupine.Ok, h.check())
	})
}

// A write after an acknowledged one is not lost, although the clock of its node is
// a minute slow.
func TestSlowClockWrites(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		tc.setSkew("slow", -time.Minute)
		fast, slow := tc.start("fast", ""), tc.start("slow", "")
		tc.start("other", "")
		tc.settle()
		for i := range 20 {
			key := strconv.Itoa(i)
			require.NoError(t, fast.Put(t.Context(), key, []byte("first")))
			tc.setSkew("slow", -time.Minute-time.Duration(i)*time.Second)
			if i%2 == 0 {
				require.NoError(t, slow.Put(t.Context(), key, []byte("second")))
			} else {
				require.NoError(t, slow.Delete(t.Context(), key))
			}
			value, ok, err := fast.Get(t.Context(), key)
			require.NoError(t, err)
			assert.Equal(t, i%2 == 0, ok, key)
			if ok {
				assert.Equal(t, "second", string(value))
			}
		}
	})
}

// A write that cannot supersede a newer version fails and says why.
func TestWriteBehindTooFastClockFails(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 1)
		fast := tc.start("fast", "")
		slow := tc.start("slow", "")
		tc.settle()
		key := "k"
		for i := 0; fast.Owners(key)[0] != "fast"; i++ {
			key = strconv.Itoa(i)
		}
		tc.setSkew("fast", kv.MaxAhead+time.Minute)
		require.NoError(t, fast.Put(t.Context(), key, []byte("ahead")))
		err := slow.Put(t.Context(), key, []byte("second"))
		require.ErrorIs(t, err, kv.ErrAhead)
		require.ErrorContains(t, err, "local clock 2000-01-01T00:00:0")
	})
}

// An anomaly: the nodes that have a write are unreachable, and a replica that
// missed the write answers alone.
func TestAnomalyOfStaleReplica(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		tc.repair = time.Hour
		for _, name := range []string{"a", "b", "c", "d"} {
			tc.start(name, "")
		}
		tc.settle()
		p := tc.nodeNamed("a").current()
		list := p.preferenceList(p.natural, "k")
		var order []string
		for range 4 {
			name, ok := list.next()
			require.True(t, ok)
			order = append(order, name)
		}
		client := tc.nodeNamed(order[3]) // neither a replica nor the next in the list
		h := &history{t: t}
		h.do(1, client, operation{'w', "first"})
		tc.silence(order[:1])
		// At the second and the third, one of which writes: a client that is not cut
		// off has a hint of what it wrote, and might deliver it before the read.
		h.do(1, tc.nodeNamed(order[1]), operation{'w', "second"})
		tc.silence(order[1:3], order[0])
		assert.Equal(t, "first", h.do(1, client, operation{'r', ""}))
		tc.silence(nil, order[1:3]...)
		assert.Equal(t, porcupine.Illegal, h.check())

		require.Eventually(t, func() bool {
			value, ok, err := client.Get(context.Background(), "k")
			return err == nil && ok && string(value) == "second"
		}, patience, 10*time.Millisecond, "the acknowledged write is not lost")
	})
}
