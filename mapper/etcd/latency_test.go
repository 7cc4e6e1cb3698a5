package etcd

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/servertest"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

// TestChangeToSelect measures how long after a change Select has another answer,
// and when a watch of etcd's own gateway reports the change.
func TestChangeToSelect(t *testing.T) {
	changes := 100
	if testing.Short() {
		changes = 10
	}
	server := servertest.StartEtcd(t, servertest.EtcdOptions{})
	server.Put(prefix+"a", "10.0.0.1:80")
	view, err := mapper.FollowWith(t.Context(), newSource(t, Config{Endpoints: []string{server.URL}}), rendezvous.Build, mapper.FollowConfig[*rendezvous.Set[mapper.Node]]{Wait: patience})
	require.NoError(t, err)
	t.Cleanup(view.Close)
	notices := noticesOf(t, server)
	var changed, noticed []time.Duration
	for i := range changes {
		owner := fmt.Sprintf("10.0.0.1:%d", i+1)
		time.Sleep(20 * time.Millisecond) // changes that are apart
		start := time.Now()
		server.Put(prefix+"a", owner)
		for n, _ := view.Value().Select("key"); n.Addr != owner; n, _ = view.Value().Select("key") {
			require.Less(t, time.Since(start), patience, "change %d", i)
			time.Sleep(50 * time.Microsecond)
		}
		changed = append(changed, time.Since(start))
		noticed = append(noticed, (<-notices).Sub(start))
	}
	t.Logf("change to Select: %s; etcd's own notice: %s", percentiles(changed), percentiles(noticed))
}

// noticesOf returns the times at which a plain watch reports a change.
func noticesOf(t *testing.T, server *servertest.Etcd) <-chan time.Time {
	t.Helper()
	body, err := json.Marshal(map[string]any{"create_request": map[string]any{"key": []byte(prefix + "a")}})
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v3/watch", bytes.NewReader(body))
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{}}
	answer, err := client.Do(r)
	require.NoError(t, err)
	notices := make(chan time.Time, 1000)
	ended := make(chan struct{})
	lines := bufio.NewScanner(answer.Body)
	require.True(t, lines.Scan(), "the watch is created")
	go func() {
		defer close(ended)
		for lines.Scan() {
			if strings.Contains(lines.Text(), `"events"`) {
				notices <- time.Now()
			}
		}
	}()
	t.Cleanup(func() {
		_ = answer.Body.Close()
		<-ended
		client.CloseIdleConnections()
	})
	return notices
}

func percentiles(d []time.Duration) string {
	slices.Sort(d)
	at := func(p int) time.Duration { return d[(len(d)-1)*p/100] }
	return fmt.Sprintf("p50 %v, p99 %v of %d", at(50), at(99), len(d))
}

// TestManyNodes follows 10,000 keys: the memory of a source, and the time for one
// change.
func TestManyNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("10,000 keys")
	}
	const nodes = 10_000
	server := servertest.StartEtcd(t, servertest.EtcdOptions{})
	put(server, 0, nodes)
	before := heap()
	view, err := mapper.FollowWith(t.Context(), newSource(t, Config{Endpoints: []string{server.URL}}),
		func(nodes []mapper.Node) (int, error) { return len(nodes), nil }, mapper.FollowConfig[int]{Wait: patience})
	require.NoError(t, err)
	t.Cleanup(view.Close)
	require.Equal(t, nodes, view.Value())
	memory := heap() - before
	start := time.Now()
	put(server, nodes, nodes+1)
	for view.Value() == nodes {
		require.Less(t, time.Since(start), patience)
		time.Sleep(50 * time.Microsecond)
	}
	t.Logf("%d nodes: %.1f MiB, one change after %v", nodes, float64(memory)/(1<<20), time.Since(start))
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // far below the bound
}
