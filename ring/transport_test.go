package ring_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring"
)

// registry is a source that a test changes.
type registry struct{ feed mapper.Feed }

func (r *registry) Nodes(context.Context) ([]mapper.Node, error) {
	u, _ := r.feed.Latest()
	return u.Nodes, nil
}

func (r *registry) Watch(ctx context.Context) iter.Seq[mapper.Update] { return r.feed.Watch(ctx) }

// backends are HTTP servers that answer with their names.
type backends struct {
	servers map[string]*httptest.Server
	nodes   []mapper.Node
}

func startBackends(t *testing.T, names ...string) *backends {
	t.Helper()
	b := &backends{servers: map[string]*httptest.Server{}}
	for _, name := range names {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, name) }))
		t.Cleanup(s.Close)
		b.servers[name] = s
		b.nodes = append(b.nodes, mapper.Node{Name: name, Addr: s.Listener.Addr().String()})
	}
	return b
}

// kill ends a server in the middle of its requests.
func (b *backends) kill(name string) {
	_ = b.servers[name].Listener.Close()
	b.servers[name].CloseClientConnections()
}

// send sends a request and returns the name of the server that answers.
func send(client *http.Client, method, path, body string) (string, error) {
	req, err := http.NewRequest(method, "http://cache"+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	name, err := io.ReadAll(resp.Body)
	return string(name), err
}

// TestBalancerTransport runs the Transport of the examples: idle, a path goes to its
// owner; when a server is killed under load no call fails, and only its paths move.
func TestBalancerTransport(t *testing.T) {
	t.Parallel()
	const paths, workers = 300, 24
	b := startBackends(t, "a", "b", "c")
	source := &registry{}
	source.feed.Set(mapper.Update{Nodes: mapper.Clone(b.nodes)})
	view, err := mapper.Follow(t.Context(), source, ring.BuildBalancer(ring.Build[mapper.Node], ring.BalancerConfig[mapper.Node]{Bound: 1.5}))
	require.NoError(t, err)
	defer view.Close()
	base := &http.Transport{MaxIdleConnsPerHost: workers}
	defer base.CloseIdleConnections()
	client := &http.Client{Transport: &Transport{view, base}}
	path := func(i int) string { return fmt.Sprint("/users/", i) }

	all, err := ring.Build(b.nodes)
	require.NoError(t, err)
	owned := 0
	for i := range paths {
		name, err := send(client, http.MethodGet, path(i), "")
		require.NoError(t, err)
		owner, _ := all.Select(path(i))
		require.Equal(t, owner.Name, name)
		if owner.Name == "c" {
			owned++
		}
	}

	var calls, elsewhere, failed atomic.Int64
	halfway := make(chan struct{})
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for i := range paths {
				name, err := send(client, http.MethodGet, path(i), "")
				if err != nil {
					failed.Add(1)
				}
				if owner, _ := all.Select(path(i)); owner.Name != name {
					elsewhere.Add(1)
				}
				if calls.Add(1) == paths {
					close(halfway)
				}
			}
		})
	}
	<-halfway
	b.kill("c")
	wait.Wait()
	require.Zero(t, failed.Load())
	require.Equal(t, map[string]int{"a": 0, "b": 0, "c": 0}, view.Value().Loads(), "every lease is released")

	// A request that changes something is not repeated.
	for i := range paths {
		_, err := send(client, http.MethodPost, path(i), "data")
		owner, _ := all.Select(path(i))
		require.Equal(t, owner.Name == "c", err != nil, "%v", err)
	}

	changed := view.Changed()
	source.feed.Set(mapper.Update{Nodes: mapper.Clone(b.nodes[:2])})
	<-changed
	moved := 0
	for i := range paths {
		name, err := send(client, http.MethodPost, path(i), "data")
		require.NoError(t, err)
		if owner, _ := all.Select(path(i)); owner.Name != name {
			require.Equal(t, "c", owner.Name)
			moved++
		}
	}
	require.Equal(t, owned, moved)
	t.Logf("%d paths at their owners; server c killed: %d of %d GETs failed, %d answered by another server; after the source dropped it %d of %d paths had moved",
		paths, failed.Load(), calls.Load(), elsewhere.Load(), moved, paths)
}
