package httplist

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/mappertest"
	"github.com/proxenos/proxenos/mapper/sd"
	"github.com/proxenos/proxenos/mapper/static"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

// fake serves a list with an ETag.
type fake struct {
	*httptest.Server
	mu      sync.Mutex
	list    string
	status  int    // instead of an answer
	token   string // that it demands
	age     string
	control string // Cache-Control
	hang    bool
	full    int // answers with a body
	nothing int // answers without, since nothing has changed
}

func serve(t testing.TB, list string) *fake {
	s := &fake{list: list}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *fake) set(change func(*fake)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tag := fmt.Sprintf("%q", fmt.Sprint(len(s.list), s.list == "", strings.Count(s.list, "1")))
	w.Header().Set("Cache-Control", s.control)
	if s.age != "" {
		w.Header().Set("Age", s.age)
	}
	switch {
	case s.hang:
		s.mu.Unlock()
		<-r.Context().Done()
		s.mu.Lock()
	case s.status != 0:
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(s.status)
		fmt.Fprint(w, "no\x1b[31m")
	case s.token != "" && r.Header.Get("Authorization") != "Bearer "+s.token:
		w.WriteHeader(http.StatusUnauthorized)
	case r.Header.Get("If-None-Match") == tag:
		s.nothing++
		w.WriteHeader(http.StatusNotModified)
	default:
		s.full++
		w.Header().Set("ETag", tag)
		fmt.Fprint(w, s.list)
	}
}

func newSource(t testing.TB, c Config) *Source {
	t.Helper()
	if c.Parse == nil {
		c.Parse = static.Parse
	}
	s, err := New(c)
	require.NoError(t, err)
	return s
}

func TestConformance(t *testing.T) {
	mappertest.Test(t, func(t *testing.T) mappertest.Source {
		var mu sync.Mutex
		var list []byte
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			_, _ = w.Write(list)
		}))
		t.Cleanup(server.Close)
		set := func(new []byte) {
			mu.Lock()
			defer mu.Unlock()
			list = new
		}
		publish := func(t testing.TB, nodes []mapper.Node, partial bool) {
			new, err := json.Marshal(map[string]any{"nodes": nodes, "partial": partial})
			require.NoError(t, err)
			set(new)
		}
		return mappertest.Source{
			Mapper:        newSource(t, Config{URL: server.URL}),
			KeepsOrder:    true,
			Publish:       func(t testing.TB, nodes []mapper.Node) { publish(t, nodes, false) },
			PublishBroken: func(t testing.TB, nodes []mapper.Node) { publish(t, nodes, true) },
		}
	})
}

// An unchanged list costs an answer without a body, and the caller owns each
// answer.
func TestETag(t *testing.T) {
	t.Parallel()
	server := serve(t, "a\nb\n")
	s := newSource(t, Config{URL: server.URL})
	for range 3 {
		nodes, err := s.Nodes(t.Context())
		require.NoError(t, err)
		require.Equal(t, []mapper.Node{{Name: "a"}, {Name: "b"}}, nodes)
		nodes[0].Name = "changed"
	}
	require.Equal(t, 1, server.full)
	require.Equal(t, 2, server.nothing)
	server.set(func(s *fake) { s.list = "a\n" })
	nodes, err := s.Nodes(t.Context())
	require.NoError(t, err)
	require.Len(t, nodes, 1)
}

// An answer is stale if it is older than caches may use it.
func TestAge(t *testing.T) {
	t.Parallel()
	server := serve(t, "a\n")
	s := newSource(t, Config{URL: server.URL})
	for _, c := range []struct {
		age, control string
		want         time.Duration
		stale        bool
	}{
		{"60", "", time.Minute, true},
		{"60", "no-cache", time.Minute, true},
		{"60", "max-age=59", time.Minute, true},
		{"60", "max-age=60", time.Minute, false},
		{"60", "public, Max-Age=30, s-maxage=300", time.Minute, false},
		{"60", "max-age=99999999999999999", time.Minute, true},
		{"", "", 0, false},
		{"0", "", 0, false},
		{"-5", "", 0, false},
		{"many", "", 0, false},
		{"99999999999999999", "", 0, false},
	} {
		server.set(func(s *fake) { s.age, s.control, s.list = c.age, c.control, "a\n#"+c.age+c.control+"\n" })
		u, err := s.Ask(t.Context())
		require.NoError(t, err)
		require.Equal(t, []mapper.Node{{Name: "a"}}, u.Nodes)
		require.WithinDuration(t, time.Now().Add(-c.want), u.Confirmed, 20*time.Second, c)
		if !c.stale {
			require.NoError(t, u.Err, c)
			continue
		}
		require.ErrorIs(t, u.Err, ErrStale)
		require.ErrorContains(t, u.Err, server.URL+": the server's own list is old: 1m0s")
		require.Equal(t, mapper.OriginAgentCache, u.Origin)
	}
}

// The age of a view begins where that of the list does, also once the server has
// gone, and ends with the next fresh list.
func TestAgeAddsUp(t *testing.T) {
	t.Parallel()
	server := serve(t, "a\n")
	server.set(func(s *fake) { s.age = "3600" })
	source := &mapper.Polled{Source: newSource(t, Config{URL: server.URL}), Every: 10 * time.Millisecond}
	view, err := mapper.Follow(t.Context(), source, func(nodes []mapper.Node) (int, error) { return len(nodes), nil })
	require.NoError(t, err)
	defer view.Close()
	require.Equal(t, 1, view.Value())
	require.ErrorIs(t, view.Err(), ErrStale)
	require.InDelta(t, time.Hour, view.Age(), float64(time.Minute))
	server.set(func(s *fake) { s.age = "60" })
	require.Eventually(t, func() bool { return view.Age() < time.Hour }, time.Minute, time.Millisecond, "it was fresh in between")
	require.InDelta(t, time.Minute, view.Age(), float64(30*time.Second))
	server.set(func(s *fake) { s.status = 503 })
	require.Eventually(t, func() bool { return errors.Is(view.Err(), ErrUnreachable) }, time.Minute, time.Millisecond)
	require.InDelta(t, time.Minute, view.Age(), float64(30*time.Second))
	server.set(func(s *fake) { s.status, s.age = 0, "" })
	require.Eventually(t, func() bool { return view.Err() == nil }, time.Minute, time.Millisecond)
	require.Zero(t, view.Age())
}

func TestFailures(t *testing.T) {
	t.Parallel()
	server := serve(t, "a\n")
	s := newSource(t, Config{URL: server.URL + "/list?secret=hidden", Timeout: 300 * time.Millisecond})
	fails := func(kind error, text string) {
		t.Helper()
		nodes, err := s.Nodes(t.Context())
		require.ErrorIs(t, err, kind)
		require.ErrorContains(t, err, server.URL+"/list: "+text)
		require.NotContains(t, err.Error(), "hidden")
		require.NotContains(t, err.Error(), "\x1b")
		require.Empty(t, nodes)
	}
	for status, text := range map[int]string{404: `status 404: "no\x1b[31m"`, 500: "status 500", 302: "status 302: redirects are not followed", 304: "status 304"} {
		server.set(func(s *fake) { s.status = status })
		fails(ErrUnreachable, text)
	}
	for _, status := range []int{401, 403} {
		server.set(func(s *fake) { s.status = status })
		fails(ErrPermission, "status")
	}
	server.set(func(s *fake) { s.hang, s.status = true, 0 })
	fails(ErrUnreachable, "no answer within 300ms")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	_, err := s.Nodes(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, ErrUnreachable)
	server.Server.CloseClientConnections()
	server.Close()
	fails(ErrUnreachable, "dial tcp")

	other := serve(t, "a w=heavy\n")
	_, err = newSource(t, Config{URL: other.URL + "/list"}).Nodes(t.Context())
	require.ErrorContains(t, err, other.URL+`/list:1:3: weight "heavy"`)
	require.NotErrorIs(t, err, ErrUnreachable)
}

// The page of a web server is not quoted.
func TestErrorPage(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "<html><body>nginx</body></html>")
	}))
	t.Cleanup(server.Close)
	_, err := newSource(t, Config{URL: server.URL}).Nodes(t.Context())
	require.EqualError(t, err, server.URL+`: status 404: "Not Found"`)
}

// A list that became unreadable keeps no ETag, so that the next answer is whole.
func TestBadListAfterGood(t *testing.T) {
	t.Parallel()
	server := serve(t, "a\n")
	s := newSource(t, Config{URL: server.URL})
	for _, list := range []string{"a\n", "a w=1111\nb w=heavy\n", "a w=1111\nb w=heavy\n"} {
		server.set(func(s *fake) { s.list = list })
		_, err := s.Nodes(t.Context())
		require.Equal(t, strings.Contains(list, "heavy"), err != nil)
	}
	require.Equal(t, 3, server.full)
}

func TestToken(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("one\n"), 0o600))
	server := serve(t, "a\n")
	server.token = "one"
	s := newSource(t, Config{URL: server.URL, TokenFile: file})
	ask := func() error {
		_, err := s.Nodes(t.Context())
		return err
	}
	require.NoError(t, ask())
	server.set(func(s *fake) { s.token = "two" })
	require.ErrorIs(t, ask(), ErrPermission)
	require.NoError(t, os.WriteFile(file, []byte("two"), 0o600))
	require.NoError(t, ask(), "the file is read each time")
	for content, want := range map[string]string{"": "must hold one word", "a b": "must hold one word", "a\nb": "must hold one word"} {
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		require.ErrorIs(t, ask(), ErrConfig)
		require.ErrorContains(t, ask(), want)
	}
	require.NoError(t, os.Remove(file))
	require.ErrorIs(t, ask(), ErrConfig)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"":                      `URL "": want one such as`,
		"h:80/list":             "want one such as",
		"ftp://h/list":          `URL "ftp://h/list": want one`,
		"http:///list":          "want one such as",
		"http://u:hidden@h/l":   `URL "http://u:xxxxx@h/l" holds a password`,
		"http://[::1/list":      "URL: missing ']' in host",
		"http://h/\x7f":         "URL: ",
		"https://h:port/list":   "URL: invalid port",
		"//h/list":              "want one such as",
		"file:///etc/passwd":    "want one such as",
		"http:opaque":           "want one such as",
		"http://%zz/list":       "URL: ",
		"http://h h/list":       "URL: ",
		"https://?q=hidden":     "want one such as",
		"unix:///run/list.sock": "want one such as",
	} {
		_, err := New(Config{URL: url, Parse: static.Parse})
		require.ErrorIs(t, err, ErrConfig, url)
		require.ErrorContains(t, err, want, url)
		require.NotContains(t, err.Error(), "u:hidden")
	}
	_, err := New(Config{URL: "http://h"})
	require.ErrorContains(t, err, "no function that parses")
	_, err = New(Config{URL: "http://h", Parse: static.Parse, Timeout: -1})
	require.ErrorContains(t, err, "timeout")
}

// TestEndlessList reads no more than the bound.
func TestEndlessList(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("64 MiB take long under the race detector, which learns nothing from them")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for chunk := bytes.Repeat([]byte("#"), 1<<20); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	_, err := newSource(t, Config{URL: server.URL, Timeout: patience}).Nodes(t.Context())
	require.ErrorContains(t, err, "the list is larger than 64 MiB")
}

// TestTLS trusts what the configuration says, and nothing else.
func TestTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a\n") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the client that does not trust it
	server.StartTLS()
	t.Cleanup(server.Close)
	_, err := newSource(t, Config{URL: server.URL}).Nodes(t.Context())
	require.ErrorIs(t, err, ErrUnreachable)
	require.ErrorContains(t, err, "certificate")

	nodes, err := newSource(t, Config{URL: server.URL, TLS: server.Client().Transport.(*http.Transport).TLSClientConfig}).Nodes(t.Context())
	require.NoError(t, err)
	require.Len(t, nodes, 1)
}

// TestServiceDiscovery follows an endpoint of http_sd through an outage.
func TestServiceDiscovery(t *testing.T) {
	t.Parallel()
	server := serve(t, `[{"targets": ["h:1"]}]`)
	source := &mapper.Polled{Every: 10 * time.Millisecond, Source: newSource(t, Config{
		URL: server.URL, Parse: sd.Labels{}.Parse, Header: http.Header{"X-Prometheus-Refresh-Interval-Seconds": {"60"}},
	})}
	view, err := mapper.FollowWith(t.Context(), source, func(nodes []mapper.Node) (int, error) { return len(nodes), nil }, mapper.FollowConfig[int]{Wait: patience})
	require.NoError(t, err)
	defer view.Close()
	until := func(count int, stale bool) {
		t.Helper()
		require.Eventually(t, func() bool { s := view.State(); return s.Value == count && (s.Set.Err != nil) == stale }, patience, time.Millisecond)
	}
	until(1, false)
	server.set(func(s *fake) { s.status = 503 })
	until(1, true)
	server.set(func(s *fake) { s.status, s.list = 0, `[{"targets": ["h:1", "h:2"]}]` })
	until(2, false)
	server.set(func(s *fake) { s.list = `[]` })
	until(0, false)
}
