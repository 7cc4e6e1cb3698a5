package servecmd

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/consultest"
	"github.com/proxenos/proxenos/internal/testkit/servertest"
)

// envOutage lengthens the outages of TestOutagesOfRealSources, as in 60s.
const envOutage = "PROXENOS_SERVE_OUTAGE"

// realSource is a running source of the nodes web-1, web-2 and web-3.
type realSource struct {
	args          []string // of serve
	stop, restart func()
	grow          func() // adds web-4
}

// addressOf returns the address of web-i.
func addressOf(i int) string { return fmt.Sprintf("10.0.0.%d:80", i) }

// TestOutagesOfRealSources looks up keys without pause while the server of the
// nodes is killed, is down, and is started again. No lookup fails, and no key gets
// another owner.
func TestOutagesOfRealSources(t *testing.T) {
	t.Parallel()
	down := 1500 * time.Millisecond
	if text := os.Getenv(envOutage); text != "" {
		var err error
		down, err = time.ParseDuration(text)
		require.NoError(t, err)
	}
	for name, start := range map[string]func(*testing.T) *realSource{
		"consul": startConsul, "etcd": startEtcd, "kubernetes": startKubernetes, "file": startFile,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testOutage(t, start(t), down)
		})
	}
}

func testOutage(t *testing.T, source *realSource, down time.Duration) {
	s := &serving{t: t, http: &http.Client{Timeout: patience, Transport: &http.Transport{}}}
	s.run(nil, append(source.args, "--max-staleness", "1s", "--http", "127.0.0.1:0"))
	ready := func() bool { a, _ := s.do(http.MethodGet, "/readyz", nil); return a.StatusCode == http.StatusOK }
	age := func() int {
		a, _ := s.do(http.MethodGet, "/select?key=x", nil)
		seconds, _ := strconv.Atoi(a.Header.Get("Age")) // 0 without the header
		return seconds
	}
	s.eventually(ready)
	require.Zero(t, age())
	load := s.lookUp(t.Context())
	s.eventually(func() bool { return load.answered.Load() > 100 })

	source.stop()
	s.eventually(func() bool { return !ready() })
	failed := time.Now()
	first := age()
	require.Positive(t, first)
	require.Eventually(t, func() bool { return time.Since(failed) > down && age() > first }, down+patience, 100*time.Millisecond)
	require.False(t, ready())
	require.InDelta(t, (time.Since(failed) + time.Second).Seconds(), age(), 5, "Age counts from the beginning of the outage")
	during := load.answered.Load()

	source.restart()
	s.eventually(func() bool { return age() == 0 && ready() })
	load.stop()
	t.Logf("%d lookups, %d of them stale, %d failed, %d with another owner; down for %v",
		load.answered.Load(), load.stale.Load(), load.failed.Load(), load.moved.Load(), time.Since(failed).Round(time.Second))
	assert.Zero(t, load.failed.Load(), load.failure.Load())
	assert.Zero(t, load.moved.Load())
	assert.Positive(t, load.stale.Load())
	assert.Greater(t, load.answered.Load(), during, "lookups went on")

	source.grow()
	s.eventually(func() bool { return strings.Contains(s.get("/nodes"), addressOf(4)) })
}

// lookups are what clients of a server count.
type lookups struct {
	answered, stale, failed, moved atomic.Int64
	failure                        atomic.Value // the last one
	stop                           func()
}

// lookUp asks for a hundred keys again and again, from two clients with a thousand
// requests a second, until it is stopped.
func (s *serving) lookUp(ctx context.Context) *lookups {
	ctx, cancel := context.WithCancel(ctx)
	l := &lookups{}
	var running sync.WaitGroup
	for range 2 {
		running.Go(func() {
			owners := map[int]string{}
			for i := 0; ctx.Err() == nil; i = (i + 1) % 100 {
				l.look(ctx, s, i, owners)
				time.Sleep(time.Millisecond)
			}
		})
	}
	l.stop = func() {
		cancel()
		running.Wait()
	}
	s.t.Cleanup(l.stop)
	return l
}

// look asks for a key, and counts the answer.
func (l *lookups) look(ctx context.Context, s *serving, key int, owners map[int]string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprint(s.url, "/select?key=", key), nil)
	if err != nil {
		l.fail(err)
		return
	}
	answer, err := s.http.Do(r)
	if err != nil {
		l.fail(err)
		return
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	switch owner := string(body); {
	case ctx.Err() != nil:
	case err != nil || answer.StatusCode != http.StatusOK || owner == "":
		l.fail(fmt.Errorf("status %d: %q: %w", answer.StatusCode, owner, err))
	default:
		if was, known := owners[key]; known && was != owner {
			l.moved.Add(1)
		}
		owners[key] = owner
		if answer.Header.Get("Age") != "" {
			l.stale.Add(1)
		}
		l.answered.Add(1)
	}
}

// fail counts a failure, unless it is the end of the test.
func (l *lookups) fail(err error) {
	if !strings.Contains(err.Error(), context.Canceled.Error()) {
		l.failed.Add(1)
		l.failure.Store(err.Error())
	}
}

// startConsul starts an agent that forgets its services when it is killed. They
// register again after its start.
func startConsul(t *testing.T) *realSource {
	agent := consultest.Start(t, consultest.Options{})
	register := func(from, to int) {
		for i := from; i <= to; i++ {
			agent.Register(consultest.Instance{Service: "web", ID: fmt.Sprint("web-", i), Address: fmt.Sprint("10.0.0.", i), Port: 80})
		}
	}
	register(1, 3)
	_, port, _ := strings.Cut(agent.Addr, ":")
	return &realSource{
		args: []string{"-b", "consul", "-h", "127.0.0.1", "-p", port, "-s", "web"},
		stop: agent.Kill,
		restart: func() {
			agent.Restart()
			register(1, 3)
		},
		grow: func() { register(4, 4) },
	}
}

func startEtcd(t *testing.T) *realSource {
	server := servertest.StartEtcd(t, servertest.EtcdOptions{})
	put := func(i int) { server.Put(fmt.Sprint("/web/web-", i), addressOf(i)) }
	for i := range 3 {
		put(i + 1)
	}
	return &realSource{
		args: []string{"-b", "etcd", "--etcd-endpoints", server.URL, "--etcd-prefix", "/web/"},
		stop: server.Kill, restart: server.Restart, grow: func() { put(4) },
	}
}

func startKubernetes(t *testing.T) *realSource {
	server := servertest.StartAPIServer(t)
	apply := func(count int) {
		var endpoints []map[string]any
		for i := range count {
			endpoints = append(endpoints, map[string]any{
				"addresses": []string{fmt.Sprint("10.0.0.", i+1)}, "conditions": map[string]any{"ready": true},
				"targetRef": map[string]any{"kind": "Pod", "name": fmt.Sprint("web-", i+1), "namespace": "default"},
			})
		}
		server.Apply("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", map[string]any{
			"metadata":    map[string]any{"name": "web", "labels": map[string]any{"kubernetes.io/service-name": "web"}},
			"addressType": "IPv4", "endpoints": endpoints, "ports": []map[string]any{{"name": "http", "port": 80}},
		})
	}
	apply(3)
	return &realSource{
		args: []string{"-b", "kubernetes", "--kubeconfig", server.Kubeconfig("default", "token: "+server.Admin), "-s", "web"},
		stop: server.Kill, restart: server.Restart, grow: func() { apply(4) },
	}
}

// startFile has a file that is removed.
func startFile(t *testing.T) *realSource {
	path := filepath.Join(t.TempDir(), "nodes.txt")
	write := func(count int) {
		var list strings.Builder
		for i := range count {
			fmt.Fprintf(&list, "web-%d %s\n", i+1, addressOf(i+1))
		}
		require.NoError(t, os.WriteFile(path+".new", []byte(list.String()), 0o600))
		require.NoError(t, os.Rename(path+".new", path))
	}
	write(3)
	return &realSource{
		args: []string{"-f", path},
		stop: func() { require.NoError(t, os.Remove(path)) }, restart: func() { write(3) }, grow: func() { write(4) },
	}
}
