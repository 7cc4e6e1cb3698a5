package servecmd

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/internal/testkit/pagetest"
	"github.com/proxenos/proxenos/internal/testkit/servertest"
)

func TestServerBounds(t *testing.T) {
	pagetest.Run(t, func(l net.Listener) (stop func()) {
		ctx, cancel := context.WithCancel(context.Background())
		s, err := newServer(ctx, &listenOptions{address: l.Addr().String()}, l, nil)
		require.NoError(t, err)
		ended := make(chan error, 1)
		go func() { ended <- s.serve(ctx, &notifier{}) }()
		return func() {
			cancel()
			require.NoError(t, <-ended)
		}
	}, pagetest.Bounds{
		FirstByte: 5 * time.Second, Header: 5 * time.Second, Body: 10 * time.Second, Reply: 10 * time.Second, Idle: time.Minute, Bytes: 64 << 10,
	})
}

// serveLimited serves the node a from this process, with other limits.
func serveLimited(t *testing.T, change func(*server)) (url string) {
	t.Helper()
	std := &term.Streams{Err: io.Discard, Getenv: func(string) string { return "" }}
	c, src, placement := &cobra.Command{}, &source.Flags{}, &place.Flags{}
	bindSet(c, src, placement)
	require.NoError(t, c.ParseFlags([]string{"-n", "a"}))
	one, err := parseSet(c, defaultSet, src, placement, std)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var background sync.WaitGroup
	require.NoError(t, one.start(ctx, time.Second, std, &background))
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s, err := newServer(ctx, &listenOptions{address: socket.Addr().String()}, socket, []*set{one})
	require.NoError(t, err)
	change(s)
	background.Go(func() { assert.NoError(t, s.serve(ctx, &notifier{})) })
	t.Cleanup(func() {
		cancel()
		background.Wait()
	})
	require.Eventually(t, func() bool { return one.unready() == nil }, patience, time.Millisecond)
	return "http://" + socket.Addr().String()
}

// endless is a body that repeats a text for ever. It counts the bytes that are read,
// also by a client that still sends when it has the answer.
type endless struct {
	text string
	read atomic.Int64
}

func (e *endless) Read(p []byte) (n int, err error) {
	for at := int(e.read.Load()); n < len(p); {
		n += copy(p[n:], e.text[(at+n)%len(e.text):])
	}
	e.read.Add(int64(n))
	return n, nil
}

// A body without end is read as far as a key may be long, or as all keys may be.
func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	s.eventually(func() bool { a, _ := s.do(http.MethodGet, "/readyz", nil); return a.StatusCode == http.StatusOK })
	for _, c := range []struct{ media, head string }{{"text/plain", ""}, {"application/json", `["`}} {
		body := &endless{text: "k"}
		answer, text := s.do(http.MethodPost, "/select", io.MultiReader(strings.NewReader(c.head), body), "Content-Type", c.media)
		assert.Equal(t, http.StatusBadRequest, answer.StatusCode, c.media)
		assert.Contains(t, text, "longer than 1 MiB", c.media)
		assert.Less(t, body.read.Load(), int64(32<<20), "besides what sockets hold")
	}
}

// All keys of a body together are bounded, too. Answers were written before the limit
// is reached, so only the broken response shows it.
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	url := serveLimited(t, func(s *server) { s.maxBody = 256 << 10 })
	for _, c := range []struct{ media, head, text string }{{"text/plain", "", "key\n"}, {"application/json", "[", `"key",`}} {
		body := &endless{text: c.text}
		answer, err := http.Post(url+"/select", c.media, io.MultiReader(strings.NewReader(c.head), body))
		if err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
			require.NoError(t, answer.Body.Close())
		}
		require.Error(t, err, c.media)
		assert.Less(t, body.read.Load(), int64(32<<20), c.media)
	}
}

// The clients of one address cannot hold more connections than there may be, and
// those that ask get an answer.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	address := strings.TrimPrefix(s.url, "http://")
	for range maxConnections + 100 {
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		defer c.Close()
	}
	s.eventually(func() bool {
		var count int
		_, after, _ := strings.Cut(s.get("/metrics"), "\nproxenos_connections ")
		_, err := fmt.Sscan(after, &count)
		return err == nil && count > maxConnections/2 && count <= maxConnections
	})
}

func TestWatchersAreBounded(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	watch := func(ctx context.Context) int {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/watch", nil)
		require.NoError(t, err)
		answer, err := s.http.Do(r)
		require.NoError(t, err)
		t.Cleanup(func() { _ = answer.Body.Close() })
		return answer.StatusCode
	}
	for range maxWatchers {
		require.Equal(t, http.StatusOK, watch(ctx))
	}
	require.Equal(t, http.StatusServiceUnavailable, watch(t.Context()))
	cancel() // the others leave
	s.eventually(func() bool { return watch(t.Context()) == http.StatusOK })
}

// Files of tokens and certificates are read again, and keep their value while they
// cannot be.
func TestReloaded(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		file, err := "one", error(nil)
		r, loadErr := load(func() (string, error) { return file, err })
		require.NoError(t, loadErr)
		file = "two"
		require.Equal(t, "one", r.get(), "files are not read for each request")
		time.Sleep(reloadEvery + time.Second)
		require.Equal(t, "two", r.get())
		file, err = "", os.ErrNotExist
		time.Sleep(reloadEvery + time.Second)
		require.Equal(t, "two", r.get())
		file, err = "three", nil
		time.Sleep(reloadEvery + time.Second)
		require.Equal(t, "three", r.get())
		_, loadErr = load(func() (string, error) { return "", os.ErrPermission })
		require.ErrorIs(t, loadErr, os.ErrPermission)
	})
}

// A server is addressed by IP addresses and by names that its operator chose: any
// other name can be that of an attacker's page.
func TestHostNames(t *testing.T) {
	t.Parallel()
	authority := servertest.NewAuthority(t)
	cert, key := authority.Issue(t, "nodes")
	client := &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: authority.ClientTLS(t)}}
	secured := &serving{t: t, http: client, nodes: filepath.Join(t.TempDir(), "nodes.txt")}
	secured.list(threeNodes)
	secured.run(nil, []string{"-f", secured.nodes, "--http", "127.0.0.1:0", "--http-cert", cert, "--http-key", key, "--http-host", "nodes.example"})
	for host, want := range map[string]int{
		"127.0.0.1": 200, "localhost": 200, "localhost:9911": 200, "nodes.example": 200, "nodes.example:443": 200, "NODES.example": 200,
		"evil.example": 403, "example": 403, "": 200,
	} {
		answer, text := secured.do(http.MethodGet, "/healthz", nil, "Host", host)
		assert.Equal(t, want, answer.StatusCode, host)
		if want != 200 {
			assert.Contains(t, text, "the Host header is not an address of this server")
		}
	}
	for origin, want := range map[string]int{"https://localhost": 200, "http://localhost": 403, "https://evil.example": 403, "null": 403} {
		answer, _ := secured.do(http.MethodGet, "/healthz", nil, "Host", "localhost", "Origin", origin)
		assert.Equal(t, want, answer.StatusCode, origin)
	}
}

// Without TLS and a token, only this machine can connect.
func TestExposedServersRequireProtection(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		options listenOptions
		want    bool
	}{
		{listenOptions{address: "127.0.0.1:1"}, true},
		{listenOptions{address: "[::1]:1"}, true},
		{listenOptions{address: "localhost:1"}, true},
		{listenOptions{address: "unix:/x"}, true},
		{listenOptions{address: ":1"}, false},
		{listenOptions{address: "0.0.0.0:1"}, false},
		{listenOptions{address: "[::]:1"}, false},
		{listenOptions{address: "10.0.0.1:1"}, false},
		{listenOptions{address: "nodes.example:1"}, false},
		{listenOptions{address: "10.0.0.1:1", tokenFile: "t"}, false},
		{listenOptions{address: "10.0.0.1:1", cert: "c", key: "k"}, false},
		{listenOptions{address: "10.0.0.1:1", cert: "c", key: "k", tokenFile: "t"}, true},
		{listenOptions{address: "10.0.0.1:1", trusted: true}, true},
	} {
		err := c.options.parse()
		assert.Equal(t, c.want, err == nil, "%+v: %v", c.options, err)
	}
}
