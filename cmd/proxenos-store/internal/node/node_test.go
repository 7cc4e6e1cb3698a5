package node

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/internal/testkit/shortrun"
)

func put(t *testing.T, n *Node, keys int) {
	t.Helper()
	var group sync.WaitGroup
	for part := range 4 {
		group.Go(func() {
			for i := part; i < keys; i += 4 {
				assert.NoError(t, n.Put(t.Context(), strconv.Itoa(i), []byte("value of "+strconv.Itoa(i))))
			}
		})
	}
	group.Wait()
}

// lost counts the keys without the value that put wrote.
func lost(t *testing.T, n *Node, keys int) (lost int) {
	t.Helper()
	for i := range keys {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		value, ok, err := n.Get(ctx, strconv.Itoa(i))
		cancel()
		require.NoError(t, err)
		if !ok || string(value) != "value of "+strconv.Itoa(i) {
			lost++
		}
	}
	return lost
}

// copies counts the copies of each key and returns the least and the greatest count.
func copies(t *testing.T, tc *testCluster) (least, most int) {
	t.Helper()
	count := map[string]int{}
	tc.mu.Lock()
	defer tc.mu.Unlock()
	for name, n := range tc.nodes {
		if tc.silent[name] {
			continue
		}
		for bucket := range kv.Buckets {
			versions, err := kv.Versions(n.cfg.Engine, bucket)
			require.NoError(t, err)
			for _, s := range versions {
				count[s.Key]++
			}
		}
	}
	for _, c := range count {
		if least == 0 || c < least {
			least = c
		}
		most = max(most, c)
	}
	return least, most
}

// awaitCopies waits until every key has exactly this many copies.
func awaitCopies(t *testing.T, tc *testCluster, want int) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		least, most := copies(t, tc)
		assert.Equal(c, want, least, "least")
		assert.Equal(c, want, most, "most")
	}, patience, 20*time.Millisecond)
}

func TestPutGetDelete(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		a := tc.start("a", "")
		require.NoError(t, a.Put(t.Context(), "k", []byte("alone")))
		b, c := tc.start("b", ""), tc.start("c", "")
		for _, n := range []*Node{a, b, c} {
			value, ok, err := n.Get(t.Context(), "k")
			require.NoError(t, err)
			assert.True(t, ok)
			assert.Equal(t, "alone", string(value))
		}
		require.NoError(t, b.Put(t.Context(), "k", []byte("two")))
		require.NoError(t, c.Delete(t.Context(), "k"))
		for _, n := range []*Node{a, b, c} {
			_, ok, err := n.Get(t.Context(), "k")
			require.NoError(t, err)
			assert.False(t, ok)
		}
		_, ok, err := a.Get(t.Context(), "never")
		require.NoError(t, err)
		assert.False(t, ok)
		require.NoError(t, a.Put(t.Context(), "", nil), "the empty key is valid")
		require.ErrorIs(t, a.Put(t.Context(), "k", make([]byte, MaxValue+1)), ErrTooLarge)
		require.ErrorIs(t, a.Put(t.Context(), strings.Repeat("k", MaxKey+1), nil), ErrTooLarge)
	})
}

// TestKillOneOfFive of the command does the same with ten thousand keys and real
// processes.
func TestAnyOneOfFiveFails(t *testing.T) {
	keys := shortrun.Few(2000)
	for failing := range 5 {
		t.Run(fmt.Sprint("node ", failing), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				tc := newTestCluster(t, 2)
				tc.repair = time.Second
				for i := range 5 {
					tc.start(strconv.Itoa(i), "")
				}
				put(t, tc.any(), keys)
				tc.kill(strconv.Itoa(failing))
				assert.Zero(t, lost(t, tc.any(), keys), "at once")
				awaitCopies(t, tc, 2)
				assert.Zero(t, lost(t, tc.any(), keys), "with all copies again")
			})
		})
	}
}

func TestTwoOfFiveFailWithThreeReplicas(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		keys := shortrun.Few(2000)
		tc := newTestCluster(t, 3)
		for i := range 5 {
			tc.start(strconv.Itoa(i), "")
		}
		put(t, tc.any(), keys)
		tc.kill("1", "3")
		assert.Zero(t, lost(t, tc.any(), keys))
		awaitCopies(t, tc, 3)
	})
}

func TestReplicasAreInDistinctZones(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		for i, zone := range []string{"east", "east", "east", "west", "west"} {
			tc.start(strconv.Itoa(i), zone)
		}
		put(t, tc.any(), 500)
		awaitCopies(t, tc, 2)
		tc.kill("0", "1", "2")
		assert.Zero(t, lost(t, tc.any(), 500), "a zone fails")
	})
}

// Readers and a writer run while nodes join, leave and fail.
func TestContinuousReaders(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		keys := shortrun.Few(500)
		tc := newTestCluster(t, 2)
		home := tc.start("home", "")
		put(t, home, keys)
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		var reads, misses atomic.Int64
		for range 4 {
			group.Go(func() {
				for i := 0; ctx.Err() == nil; i = (i + 7) % keys {
					time.Sleep(rand.N(latency))
					// A request at a node that fails meanwhile is retried until its context ends.
					call, done := context.WithTimeout(t.Context(), 5*time.Second)
					value, ok, err := tc.any().Get(call, strconv.Itoa(i))
					done()
					reads.Add(1)
					if err == nil && (!ok || string(value) != "value of "+strconv.Itoa(i)) {
						misses.Add(1)
					}
				}
			})
		}
		written := make(chan int, 1)
		group.Go(func() {
			i := 0
			for ; ctx.Err() == nil; i++ {
				time.Sleep(latency)
				call, done := context.WithTimeout(t.Context(), 5*time.Second)
				err := tc.any().Put(call, "w"+strconv.Itoa(i), []byte(strconv.Itoa(i)))
				done()
				if err != nil {
					assert.ErrorIs(t, err, ErrUnavailable)
					break
				}
			}
			written <- i
		})
		for i := range 4 {
			tc.start("n"+strconv.Itoa(i), "")
		}
		tc.leave("n0")
		tc.leave("n2")
		tc.kill("n3")
		tc.start("n5", "")
		tc.leave("n1")
		cancel()
		group.Wait()
		t.Logf("%d reads, %d misses, %d writes", reads.Load(), misses.Load(), <-written)
		assert.Zero(t, misses.Load())
		assert.Greater(t, reads.Load(), int64(100))
		awaitCopies(t, tc, 2)
		assert.Zero(t, lost(t, tc.any(), keys))
		n := tc.any()
		for i := 0; ; i++ {
			value, ok, err := n.Get(t.Context(), "w"+strconv.Itoa(i))
			require.NoError(t, err)
			if !ok {
				require.Greater(t, i, 10)
				break
			}
			require.Equal(t, strconv.Itoa(i), string(value))
		}
	})
}

// A list is complete while fewer nodes than there are replicas fail.
func TestKeysWithSilentNodes(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		const keys = 100
		tc := newTestCluster(t, 2)
		n := tc.start("a", "")
		tc.start("b", "")
		tc.start("c", "")
		put(t, n, keys)
		count := func() (count int, err error) {
			for bucket := range kv.Buckets {
				list, err := n.Keys(t.Context(), bucket, "")
				if err != nil {
					return 0, err
				}
				count += len(list)
			}
			return count, nil
		}
		tc.silence([]string{"b"})
		got, err := count()
		require.NoError(t, err)
		assert.Equal(t, keys, got)
		tc.silence([]string{"b", "c"})
		_, err = count()
		require.ErrorIs(t, err, ErrUnavailable)
		tc.silence(nil, "b", "c")
	})
}

// No write that is acknowledged while nodes join and leave is lost.
func TestContinuousWriter(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		tc.start("home", "")
		ctx, cancel := context.WithCancel(t.Context())
		written := make(chan int, 1)
		go func() {
			i := 0
			for ; ctx.Err() == nil; i++ {
				time.Sleep(latency)
				if !assert.NoError(t, tc.nodeNamed("home").Put(t.Context(), strconv.Itoa(i), []byte("value of "+strconv.Itoa(i)))) {
					break
				}
			}
			written <- i
		}()
		for i := range 4 {
			tc.start("n"+strconv.Itoa(i), "")
		}
		for i := range 4 {
			tc.leave("n" + strconv.Itoa(i))
		}
		cancel()
		keys := <-written
		assert.Greater(t, keys, 10)
		assert.Zero(t, lost(t, tc.nodeNamed("home"), keys))
		t.Logf("%d writes", keys)
	})
}

// A replica that lost its data gets it back without a read.
func TestAntiEntropy(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		a, b := tc.start("a", ""), tc.start("b", "")
		put(t, a, 300)
		var all []kv.Version
		for bucket := range kv.Buckets {
			versions, err := kv.Versions(b.cfg.Engine, bucket)
			require.NoError(t, err)
			all = append(all, versions...)
		}
		tc.settle()
		require.NoError(t, b.cfg.Engine.Remove(all, false), "b loses its data")
		awaitCopies(t, tc, 2)
	})
}

// A write whose owners are all away reaches them as soon as they answer.
func TestHintedHandOff(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		tc.repair = time.Hour
		for _, name := range []string{"a", "b", "c", "d"} {
			tc.start(name, "")
		}
		tc.settle()
		owners := tc.any().Owners("k")
		var client *Node
		for _, name := range []string{"a", "b", "c", "d"} {
			if !slices.Contains(owners, name) {
				client = tc.nodeNamed(name)
			}
		}
		require.NoError(t, client.Put(t.Context(), "k", []byte("old")))
		tc.silence(owners)
		require.NoError(t, client.Put(t.Context(), "k", []byte("new")))
		tc.silence(nil, owners...)
		time.Sleep(3 * hintInterval)
		for _, owner := range owners {
			e, ok, err := tc.nodeNamed(owner).cfg.Engine.Get("k")
			require.NoError(t, err)
			require.True(t, ok)
			assert.Equal(t, "new", string(e.Value), owner)
		}
	})
}

func TestReadRepair(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		tc.repair = time.Hour
		a, b := tc.start("a", ""), tc.start("b", "")
		require.NoError(t, a.Put(t.Context(), "k", []byte("old")))
		newer := kv.Entry{Version: kv.Version{Key: "k", Timestamp: kv.Timestamp{Clock: b.clock.Tick() + 1, Writer: "b"}}, Value: []byte("new")}
		_, err := b.cfg.Engine.Merge([]kv.Entry{newer})
		require.NoError(t, err)
		value, ok, err := a.Get(t.Context(), "k")
		require.NoError(t, err)
		require.True(t, ok)
		assert.Equal(t, "new", string(value))
		require.Eventually(t, func() bool {
			e, _, err := a.cfg.Engine.Get("k")
			return err == nil && string(e.Value) == "new"
		}, patience, time.Millisecond)
	})
}

// A deleted key does not come back with a node that was away during the deletion.
func TestTombstoneOutlivesOldValue(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		tc.start("a", "")
		engine := kv.NewMemory()
		tc.startWith("b", "", engine)
		tc.start("c", "")
		put(t, tc.any(), 50)
		awaitCopies(t, tc, 2)
		tc.kill("b")
		n := tc.any()
		for i := range 50 {
			require.NoError(t, n.Delete(t.Context(), strconv.Itoa(i)))
		}
		tc.startWith("b2", "", engine) // the same data under another name
		tc.settle()
		for i := range 50 {
			_, ok, err := tc.any().Get(t.Context(), strconv.Itoa(i))
			require.NoError(t, err)
			assert.False(t, ok, i)
		}
	})
}

func TestTombstonesExpire(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		a := tc.start("a", "")
		b := tc.start("b", "")
		old := kv.Entry{Version: kv.Version{Key: "k", Deleted: true, Timestamp: kv.Timestamp{Clock: 1 << 16, Writer: "a"}}}
		_, err := a.cfg.Engine.Merge([]kv.Entry{old})
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			_, there, err := a.cfg.Engine.Get("k")
			return err == nil && !there
		}, patience, time.Millisecond)
		_, there, err := b.cfg.Engine.Get("k")
		require.NoError(t, err)
		assert.False(t, there)
	})
}

// With too few replicas a request fails; a read never reports a key as missing.
func TestUnavailable(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		a := tc.start("a", "")
		tc.start("b", "")
		tc.settle()
		tc.silence([]string{"b"})
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, a.Put(ctx, "k", []byte("v")), ErrUnavailable)
		_, _, err := a.Get(ctx, "unknown")
		require.ErrorIs(t, err, ErrUnavailable, "the other replica may have it")
		tc.silence(nil, "b")
	})
}

// A node that loses sight of all others at once acknowledges no write that it alone
// has.
func TestCutOffNodeAcknowledgesNothing(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		n := tc.start("a", "")
		for _, name := range []string{"b", "c", "d"} {
			tc.start(name, "")
		}
		tc.settle()
		tc.cutOff("a")
		ctx, cancel := context.WithTimeout(t.Context(), settle)
		defer cancel()
		require.ErrorIs(t, n.Put(ctx, "k", []byte("v")), ErrUnavailable)
		tc.reconnect("a")
		require.NoError(t, n.Put(t.Context(), "k", []byte("v")))
		_, ok, err := tc.nodeNamed("b").Get(t.Context(), "k")
		require.NoError(t, err)
		assert.True(t, ok)
	})
}

// A request that has expired, as when its node was stopped, is not executed.
func TestExpiredWriteIsNotExecuted(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		n := tc.start("a", "")
		ctx, cancel := context.WithDeadline(t.Context(), time.Now())
		defer cancel()
		require.ErrorIs(t, n.Put(ctx, "k", []byte("v")), ErrUnavailable)
		_, ok, err := n.Get(t.Context(), "k")
		require.NoError(t, err)
		assert.False(t, ok)
	})
}

// A key is not reported as missing if none of its owners answers.
func TestMissingOwnersAreNotMissingKeys(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		for _, name := range []string{"a", "b", "c", "d"} {
			tc.start(name, "")
		}
		tc.settle()
		require.NoError(t, tc.any().Put(t.Context(), "k", []byte("v")))
		owners := tc.any().Owners("k")
		tc.silence(owners)
		ctx, cancel := context.WithTimeout(t.Context(), settle)
		defer cancel()
		_, _, err := tc.any().Get(ctx, "k")
		require.ErrorIs(t, err, ErrUnavailable)
		tc.silence(nil, owners[1])
		value, ok, err := tc.nodeNamed(owners[1]).Get(t.Context(), "k")
		require.NoError(t, err)
		assert.True(t, ok)
		assert.Equal(t, "v", string(value))
		tc.silence(nil, owners...)
	})
}

func TestFullDisk(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tc := newTestCluster(t, 2)
		full := &fullDisk{Engine: kv.NewMemory()}
		a := tc.start("a", "")
		tc.startWith("b", "", full)
		require.NoError(t, a.Put(t.Context(), "k", []byte("v")))
		full.is.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, a.Put(ctx, "other", []byte("v")), ErrUnavailable)
		full.is.Store(false)
		value, ok, err := a.Get(t.Context(), "k")
		require.NoError(t, err)
		assert.True(t, ok)
		assert.Equal(t, "v", string(value))
	})
}

type fullDisk struct {
	kv.Engine
	is atomic.Bool
}

func (f *fullDisk) Merge(entries []kv.Entry) ([]kv.Version, error) {
	if f.is.Load() {
		return nil, errors.New("no space left on device")
	}
	return f.Engine.Merge(entries)
}

func TestMinimalMovement(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		keys := shortrun.Few(3000)
		tc := newTestCluster(t, 1)
		for i := range 4 {
			tc.start(strconv.Itoa(i), "")
		}
		put(t, tc.any(), keys)
		awaitCopies(t, tc, 1)
		before := holders(t, tc)
		tc.start("4", "")
		awaitCopies(t, tc, 1)
		moved := 0
		for key, name := range holders(t, tc) {
			if name != before[key] {
				moved++
				assert.Equal(t, "4", name, "a key moves only to the new node")
			}
		}
		t.Logf("%d of %d keys moved, ideal %d", moved, keys, keys/5)
		assert.InDelta(t, keys/5, moved, float64(keys)/10)
	})
}

// holders returns a node that stores each key.
func holders(t *testing.T, tc *testCluster) map[string]string {
	t.Helper()
	tc.mu.Lock()
	defer tc.mu.Unlock()
	holders := map[string]string{}
	for name, n := range tc.nodes {
		for bucket := range kv.Buckets {
			versions, err := kv.Versions(n.cfg.Engine, bucket)
			require.NoError(t, err)
			for _, s := range versions {
				holders[s.Key] = name
			}
		}
	}
	return holders
}

// The replicas of a key are the first members of its preference list, and remain
// its owners when a later one is gone.
func TestPreferenceList(t *testing.T) {
	var members []Member
	for i := range 6 {
		members = append(members, Member{Name: strconv.Itoa(i), Zone: strconv.Itoa(i % 2), State: StateServing})
	}
	p, err := newPlacement(members, 2, time.Now())
	require.NoError(t, err)
	for key := range 100 {
		l := p.preferenceList(p.natural, strconv.Itoa(key))
		first := slices.Clone(l.names)
		var all []string
		for {
			name, ok := l.next()
			if !ok {
				break
			}
			all = append(all, name)
		}
		require.Len(t, all, 6)
		require.Equal(t, first, all[:2])
		rest, err := newPlacement(slices.DeleteFunc(slices.Clone(members), func(m Member) bool { return m.Name == all[1] }), 2, time.Now())
		require.NoError(t, err)
		require.Contains(t, rest.owners(strconv.Itoa(key)), all[0])
	}
}
