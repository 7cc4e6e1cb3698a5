package node

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/internal/testkit/bubble"
)

// write writes a value at a node, and everywhere reads it at all nodes.
func (h *history) write(n *Node, value string) { h.do(0, n, operation{'w', value}) }

func (h *history) everywhere(tc *testCluster, names ...string) {
	for i, name := range names {
		h.do(i, tc.nodeNamed(name), operation{'r', ""})
	}
}

// Faults from which the store recovers, with the history that a client sees. A write
// that failed is not part of it: it must have no effect.
var recoveries = map[string]func(t *testing.T, tc *testCluster, h *history, engines map[string]kv.Engine){
	"writes of a fast clock fail": func(t *testing.T, tc *testCluster, h *history, _ map[string]kv.Engine) {
		h.write(tc.nodeNamed("a"), "one")
		tc.setSkew("a", time.Hour)
		for range 20 {
			assert.ErrorIs(t, tc.nodeNamed("a").Put(t.Context(), "k", []byte("ahead")), kv.ErrAhead)
			h.clients(3, 2, func() *Node { return tc.nodeNamed([]string{"b", "c"}[rand.IntN(2)]) })
		}
		h.everywhere(tc, "a", "b", "c")
		tc.setSkew("a", 0)
		h.everywhere(tc, "a", "b", "c")
	},
	"a slow clock stops writes": func(t *testing.T, tc *testCluster, h *history, _ map[string]kv.Engine) {
		h.write(tc.nodeNamed("a"), "one")
		tc.setSkew("c", -20*time.Minute)
		for _, n := range []*Node{tc.nodeNamed("a"), tc.nodeNamed("b")} {
			if err := n.Put(t.Context(), "k", []byte("two")); err == nil { // c stores no copy of k
				h.write(n, "two")
			}
			h.do(1, n, operation{'r', ""})
		}
		tc.setSkew("c", 0)
		h.write(tc.nodeNamed("c"), "three")
		h.everywhere(tc, "a", "b", "c")
	},
	"all nodes restart": func(_ *testing.T, tc *testCluster, h *history, engines map[string]kv.Engine) {
		h.write(tc.nodeNamed("a"), "one")
		tc.kill("a", "b", "c")
		tc.restart(engines)
		h.everywhere(tc, "a", "b", "c")
		h.write(tc.nodeNamed("b"), "two")
		h.everywhere(tc, "a", "b", "c")
	},
	"a clock is set back at a restart": func(_ *testing.T, tc *testCluster, h *history, engines map[string]kv.Engine) {
		tc.setSkew("c", 2*time.Minute)
		h.write(tc.nodeNamed("c"), "fast")
		h.everywhere(tc, "a", "b", "c")
		tc.kill("c")
		tc.setSkew("c", 0)
		tc.startWith("c", "", engines["c"])
		h.write(tc.nodeNamed("c"), "right")
		h.everywhere(tc, "a", "b", "c")
	},
	"both owners are away for a write": func(_ *testing.T, tc *testCluster, h *history, _ map[string]kv.Engine) {
		tc.start("d", "")
		tc.settle()
		owners := tc.any().Owners("k")
		var client *Node
		for _, name := range []string{"a", "b", "c", "d"} {
			if !slices.Contains(owners, name) {
				client = tc.nodeNamed(name)
			}
		}
		h.write(client, "old")
		for _, op := range []operation{{'w', "new"}, {'d', ""}} {
			tc.silence(owners)
			h.do(0, client, op)
			tc.silence(nil, owners...)
			time.Sleep(3 * hintInterval)
			h.everywhere(tc, "a", "b", "c", "d")
		}
	},
	"both owners are back before a write ends": func(_ *testing.T, tc *testCluster, h *history, _ map[string]kv.Engine) {
		tc.start("d", "")
		tc.settle()
		owners := tc.any().Owners("k")
		for _, name := range []string{"a", "b", "c", "d"} {
			if !slices.Contains(owners, name) {
				client := tc.nodeNamed(name)
				h.write(client, "old from "+name)
				tc.hang(owners...)
				time.AfterFunc(client.cfg.Call*3/4, func() { tc.hang() }) // the calls to both of them still time out
				h.write(client, "new from "+name)
				h.everywhere(tc, "a", "b", "c", "d")
			}
		}
	},
	"a node is away for longer than tombstones": func(_ *testing.T, tc *testCluster, h *history, engines map[string]kv.Engine) {
		h.write(tc.nodeNamed("a"), "one")
		tc.kill("b")
		h.do(0, tc.nodeNamed("a"), operation{'d', ""})
		tc.repair = time.Hour
		time.Sleep(27 * time.Hour)
		tc.startWith("b", "", engines["b"])
		h.everywhere(tc, "a", "b", "c")
	},
	"a clock is set back after a write that one owner missed": func(t *testing.T, tc *testCluster, h *history, _ map[string]kv.Engine) {
		owners, other := ownersAndOther(tc)
		h.write(other, "one")
		tc.silence(owners[:1])
		tc.setSkew(other.cfg.Self, 5*time.Minute)
		h.write(other, "two") // with a later time than its next write has
		tc.setSkew(other.cfg.Self, -20*time.Minute)
		require.Error(t, other.Put(t.Context(), "k", []byte("behind")))
		tc.setSkew(other.cfg.Self, 0)
		tc.silence(nil, owners[0])
		h.write(other, "three")
		h.everywhere(tc, "a", "b", "c")
	},
	"a fast clock hides the only copy that owners have": func(t *testing.T, tc *testCluster, h *history, engines map[string]kv.Engine) {
		owners, other := ownersAndOther(tc)
		h.write(other, "one")
		tc.silence(owners[:1])
		h.write(other, "two")
		tc.silence(nil, owners[0])
		_, err := engines[owners[1]].Merge([]kv.Entry{{ // as while its own write fails
			Version: kv.Version{Key: "k", Timestamp: kv.Timestamp{Clock: other.clock.Tick() + uint64(time.Hour.Milliseconds())<<16, Writer: owners[1]}},
			Value:   []byte("ahead"),
		}})
		require.NoError(t, err)
		h.do(0, other, operation{'r', ""})
	},
	"an owner with a slow clock misses a write": func(_ *testing.T, tc *testCluster, h *history, _ map[string]kv.Engine) {
		owners, other := ownersAndOther(tc)
		tc.settle() // the repairs after the last change of membership end
		h.write(other, "one")
		tc.setSkew(owners[0], -20*time.Minute)
		h.write(other, "two")
		time.Sleep(3 * hintInterval) // in which it refuses the write
		tc.setSkew(owners[0], 0)
		time.Sleep(3 * hintInterval)
		tc.silence([]string{owners[1], other.cfg.Self})
		h.do(0, tc.nodeNamed(owners[0]), operation{'r', ""})
		tc.silence(nil, owners[1], other.cfg.Self)
		h.everywhere(tc, "a", "b", "c")
	},
	"a stopped node resumes a request": func(t *testing.T, tc *testCluster, h *history, _ map[string]kv.Engine) {
		h.write(tc.nodeNamed("a"), "new")
		expired, cancel := context.WithDeadline(t.Context(), time.Now())
		defer cancel()
		require.ErrorIs(t, tc.nodeNamed("b").Put(expired, "k", []byte("old")), ErrUnavailable)
		h.everywhere(tc, "a", "b", "c")
	},
}

// ownersAndOther returns the owners of the key in a cluster of three nodes, the first one
// first, and the node that is none.
func ownersAndOther(tc *testCluster) (owners []string, other *Node) {
	owners = tc.any().Owners("k")
	for _, name := range []string{"a", "b", "c"} {
		if !slices.Contains(owners, name) {
			other = tc.nodeNamed(name)
		}
	}
	return owners, other
}

func TestRecoveriesAreLinearizable(t *testing.T) {
	for fault, run := range recoveries {
		t.Run(fault, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				tc := newTestCluster(t, 2)
				tc.repair = time.Hour // which would hide what the other parts do not do
				engines := map[string]kv.Engine{}
				for _, name := range []string{"a", "b", "c"} {
					engines[name] = kv.NewMemory()
					tc.startWith(name, "", engines[name])
				}
				tc.settle()
				h := &history{t: t}
				run(t, tc, h, engines)
				assert.Equal(t, porcupine.Ok, h.check())
			})
		})
	}
}
