package servecmd

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/testkit/logbuf"
	"github.com/proxenos/proxenos/internal/testkit/servertest"
	"github.com/proxenos/proxenos/mapper/httplist"
	"github.com/proxenos/proxenos/mapper/static"
)

// patience limits steps that take a moment on an idle machine.
const patience = 30 * time.Second

const threeNodes = "a 10.0.0.1:80\nb 10.0.0.2:80 w=2\nc 10.0.0.3:80 zone=z\n"

// serving is a running server.
type serving struct {
	t     *testing.T
	url   string
	nodes string // the file of nodes
	log   *logbuf.Buffer
	stop  context.CancelFunc
	ended chan error
	http  *http.Client
}

// startServe runs the command serve on a file of three nodes until it listens.
func startServe(t *testing.T, args ...string) *serving {
	t.Helper()
	s := &serving{t: t, nodes: filepath.Join(t.TempDir(), "nodes.txt"), http: &http.Client{Timeout: patience, Transport: &http.Transport{}}}
	s.list(threeNodes)
	s.run(nil, append([]string{"-f", s.nodes, "--http", "127.0.0.1:0"}, args...))
	return s
}

// run runs the command with an environment until it listens.
func (s *serving) run(env map[string]string, args []string) {
	s.t.Helper()
	s.log, s.ended = &logbuf.Buffer{}, make(chan error, 1)
	std := &term.Streams{In: strings.NewReader(""), Out: io.Discard, Err: s.log, Getenv: func(name string) string { return env[name] }}
	ctx, stop := context.WithCancel(s.t.Context())
	s.stop = stop
	c := NewServe(std)
	c.Flags().Bool("help", false, "") // as the root command has it: -h is --host
	c.SetArgs(args)
	c.SilenceErrors, c.SilenceUsage = true, true
	go func() { s.ended <- c.ExecuteContext(ctx) }()
	s.t.Cleanup(func() {
		stop()
		s.http.CloseIdleConnections()
	})
	const said = "proxenos: serving on "
	require.Eventually(s.t, func() bool { return strings.Contains(s.log.String(), said) || len(s.ended) > 0 }, patience, time.Millisecond)
	_, after, found := strings.Cut(s.log.String(), said)
	if !found {
		s.t.Fatalf("the server ended: %v", <-s.ended)
	}
	line, _, _ := strings.Cut(after, "\n")
	s.url = strings.TrimSuffix(line, "/")
	if strings.HasPrefix(s.url, unixPrefix) {
		path := strings.TrimPrefix(s.url, unixPrefix)
		s.url = "http://localhost"
		s.http.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", path) }}
	}
}

// behind runs another server whose nodes are those of this one.
func (s *serving) behind(args ...string) *serving {
	s.t.Helper()
	next := &serving{t: s.t, http: &http.Client{Timeout: patience, Transport: &http.Transport{}}}
	next.run(nil, append([]string{"-b", "http", "--url", s.url + "/nodes", "--poll", "20ms", "--http", "127.0.0.1:0"}, args...))
	return next
}

// list replaces the file of nodes.
func (s *serving) list(content string) {
	require.NoError(s.t, os.WriteFile(s.nodes+".new", []byte(content), 0o600))
	require.NoError(s.t, os.Rename(s.nodes+".new", s.nodes))
}

// do sends a request with headers given as pairs.
func (s *serving) do(method, path string, body io.Reader, headers ...string) (answered, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	require.NoError(s.t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	answer, err := s.http.Do(r)
	require.NoError(s.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	return answered{answer.StatusCode, answer.Header}, string(text)
}

// answered is what comes before the body of an answer.
type answered struct {
	StatusCode int
	Header     http.Header
}

// get returns the body of a GET with status 200.
func (s *serving) get(path string, headers ...string) string {
	s.t.Helper()
	answer, text := s.do(http.MethodGet, path, nil, headers...)
	require.Equal(s.t, http.StatusOK, answer.StatusCode, text)
	return text
}

// eventually waits until a condition holds.
func (s *serving) eventually(condition func() bool) {
	s.t.Helper()
	require.Eventually(s.t, condition, patience, 2*time.Millisecond, s.log)
}

func TestSelectOneKey(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	s.eventually(func() bool { a, _ := s.do(http.MethodGet, "/readyz", nil); return a.StatusCode == http.StatusOK })
	owner := s.get("/select?key=user%3A42")
	assert.Regexp(t, `^10\.0\.0\.[123]:80\n$`, owner)
	assert.Equal(t, owner, s.get("/sets/default/select?key=user:42"))
	assert.Len(t, strings.Fields(s.get("/select?key=user:42&count=3")), 3)
	assert.NotEqual(t, "", s.get("/select?key="), "the empty key is a key")
	var object struct {
		Schema, Key, Checksum string
		Nodes                 []struct{ Address string }
	}
	require.NoError(t, json.Unmarshal([]byte(s.get("/select?key=user:42", "Accept", "application/json")), &object))
	assert.Equal(t, "proxenos.select/v1", object.Schema)
	assert.Equal(t, "user:42", object.Key)
	assert.Equal(t, owner, object.Nodes[0].Address+"\n")
	answer, _ := s.do(http.MethodGet, "/select?key=x", nil)
	assert.Equal(t, object.Checksum, answer.Header.Get("Proxenos-Checksum"))
	assert.Empty(t, answer.Header.Get("Age"), "the source responds")
	page := s.get("/select?key=user:42", "Accept", "text/html")
	assert.Contains(t, page, `<p id="owner"><strong>`+strings.TrimSpace(owner))
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	s.eventually(func() bool { a, _ := s.do(http.MethodGet, "/readyz", nil); return a.StatusCode == http.StatusOK })
	for _, c := range []struct {
		method, path, body, header, value string
		status                            int
		text                              string
	}{
		{"GET", "/select", "", "", "", 400, "parameter key is missing"},
		{"GET", "/select?key=%zz", "", "", "", 400, "the query is not valid"},
		{"GET", "/select?key=x&count=0", "", "", "", 400, "count must be an integer from 1 to 1000"},
		{"GET", "/select?key=x&count=1001", "", "", "", 400, "count must be"},
		{"POST", "/select?count=x", "", "", "", 400, "count must be"},
		{"GET", "/select?key=x&cuont=3", "", "", "", 400, `unknown parameter "cuont": there are key, count`},
		{"GET", "/select?key=x&key=y", "", "", "", 400, "parameter key is repeated"},
		{"GET", "/select?key=x&count=1&count=2", "", "", "", 400, "parameter count is repeated"},
		{"POST", "/select?key=x", "y", "", "", 400, "POST takes keys in its body"},
		{"POST", "/select", "[\"\xff\"]", "Content-Type", "application/json", 400, "not UTF-8"},
		{"POST", "/select", `["\udcff"]`, "Content-Type", "application/json", 400, "lone surrogates"},
		{"GET", "/diff?remove=a&remov=b", "", "", "", 400, `unknown parameter "remov": there are add, remove, reweight, sample`},
		{"GET", "/diff?remove=a&add=%zz", "", "", "", 400, "the query is not valid"},
		{"GET", "/diff?remove=a;remove=b", "", "", "", 400, "the query is not valid"},
		{"POST", "/select", "{}", "Content-Type", "application/json", 400, "the keys must be a JSON array of strings"},
		{"POST", "/select", `["a", 1]`, "Content-Type", "application/json; charset=utf-8", 400, "the keys must be"},
		{"POST", "/select", `["a"`, "Content-Type", "application/json", 400, "unexpected end of JSON input"},
		{"POST", "/select", `["a", null]`, "Content-Type", "application/json", 400, "the keys must be"},
		{"POST", "/select", `["a"] x`, "Content-Type", "application/json", 400, "the keys must be"},
		{"POST", "/select", "\x1f\x8b", "Content-Encoding", "gzip", 415, "must not be compressed"},
		{"DELETE", "/select", "", "", "", 405, ""},
		{"POST", "/nodes", "", "", "", 405, ""},
		{"GET", "/nosuch", "", "", "", 404, ""},
		{"GET", "/sets/nosuch/nodes", "", "", "", 404, "there are default"},
		{"GET", "/nodes", "", "Host", "attacker.example", 403, "cross-origin"},
		{"GET", "/nodes", "", "Origin", "http://attacker.example", 403, "cross-origin"},
		{"GET", "/diff", "", "", "", 400, "add, remove and reweight"},
		{"GET", "/diff?remove=x", "", "", "", 400, "no node has that ID"},
		{"GET", "/diff?add=d&sample=0", "", "", "", 400, "sample must be"},
		{"GET", "/diff?remove=a&remove=b&remove=c", "", "", "", 400, "no nodes to choose from"},
	} {
		answer, text := s.do(c.method, c.path, strings.NewReader(c.body), c.header, c.value)
		assert.Equal(t, c.status, answer.StatusCode, "%s %s", c.method, c.path)
		assert.Contains(t, text, c.text, "%s %s", c.method, c.path)
	}
}

func TestSelectManyKeys(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	s.eventually(func() bool { a, _ := s.do(http.MethodGet, "/readyz", nil); return a.StatusCode == http.StatusOK })
	var want strings.Builder
	for _, key := range []string{"x", "y", "z"} {
		want.WriteString(key + "\t" + s.get("/select?key="+key))
	}
	_, lines := s.do(http.MethodPost, "/select", strings.NewReader("x\ny\r\nz"))
	assert.Equal(t, want.String(), lines)
	_, text := s.do(http.MethodPost, "/select", strings.NewReader(`["x","y","z"]`), "Content-Type", "application/json", "Accept", "text/plain")
	assert.Equal(t, want.String(), text)
	answer, array := s.do(http.MethodPost, "/select?count=2", strings.NewReader(`["x\ny"]`), "Content-Type", "application/json")
	assert.Equal(t, "application/json", answer.Header.Get("Content-Type"))
	var objects []struct {
		Key   string
		Nodes []struct{}
	}
	require.NoError(t, json.Unmarshal([]byte(array), &objects))
	require.Len(t, objects, 1)
	assert.Equal(t, "x\ny", objects[0].Key)
	assert.Len(t, objects[0].Nodes, 2)
	_, empty := s.do(http.MethodPost, "/select", strings.NewReader(`[]`), "Content-Type", "application/json")
	assert.Equal(t, "[]", strings.Join(strings.Fields(empty), ""))
	_, jsonl := s.do(http.MethodPost, "/select", strings.NewReader("x\ny\n"), "Accept", "application/jsonl")
	assert.Equal(t, 2, strings.Count(jsonl, "\n"))
	assert.Contains(t, s.get("/metrics"), "proxenos_lookups_total")
}

// A client that sends a key and waits for its answer gets it, by lines and in JSON.
func TestSelectStreams(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	s.eventually(func() bool { a, _ := s.do(http.MethodGet, "/readyz", nil); return a.StatusCode == http.StatusOK })
	for _, c := range []struct{ media, open, key, end string }{
		{"text/plain", "", "%d\n", ""},
		{"application/json", "[", "\"%d\",", "\"\"]"}, // a key is complete when its comma comes
	} {
		in, keys := io.Pipe()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/select", in)
		require.NoError(t, err)
		r.Header.Set("Content-Type", c.media)
		r.Header.Set("Accept", "text/plain")
		go io.WriteString(keys, c.open+fmt.Sprintf(c.key, 0)) //nolint:errcheck // the answer shows it
		answer, err := s.http.Do(r)
		require.NoError(t, err)
		records := bufio.NewReader(answer.Body)
		for i := range 100 {
			line, err := records.ReadString('\n')
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(line, fmt.Sprint(i, "\t")), line)
			_, err = io.WriteString(keys, fmt.Sprintf(c.key, i+1))
			require.NoError(t, err)
		}
		_, _ = io.WriteString(keys, c.end)
		require.NoError(t, keys.Close())
		rest, err := io.ReadAll(records)
		require.NoError(t, err)
		assert.Equal(t, 1+strings.Count(c.end, "]"), strings.Count(string(rest), "\n"))
		require.NoError(t, answer.Body.Close())
	}
}

func TestSelectKeepsTheOrderOfManyKeys(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	s.eventually(func() bool { a, _ := s.do(http.MethodGet, "/readyz", nil); return a.StatusCode == http.StatusOK })
	const count = 300_000 // more than wholeBody
	var keys strings.Builder
	for i := range count {
		fmt.Fprintln(&keys, i)
	}
	require.Greater(t, keys.Len(), wholeBody)
	_, lines := s.do(http.MethodPost, "/select", strings.NewReader(keys.String()))
	i := 0
	for line := range strings.Lines(lines) {
		if !strings.HasPrefix(line, fmt.Sprint(i, "\t10.0.0.")) {
			require.Fail(t, "out of order", "line %d is %q", i, line)
		}
		i++
	}
	assert.Equal(t, count, i)
}

// While the source fails, the last nodes answer, with their age.
func TestOutage(t *testing.T) {
	t.Parallel()
	s := startServe(t, "--max-staleness", "50ms")
	s.eventually(func() bool { a, _ := s.do(http.MethodGet, "/readyz", nil); return a.StatusCode == http.StatusOK })
	owner, list := s.get("/select?key=x"), s.get("/nodes")
	s.list("a w=x\n")
	failing := func() bool { a, _ := s.do(http.MethodGet, "/select?key=x", nil); return a.Header.Get("Age") != "" }
	s.eventually(failing)
	s.eventually(func() bool {
		a, _ := s.do(http.MethodGet, "/readyz", nil)
		return a.StatusCode == http.StatusServiceUnavailable
	})
	assert.Equal(t, owner, s.get("/select?key=x"))
	answer, text := s.do(http.MethodGet, "/nodes", nil)
	assert.Equal(t, list, text)
	assert.Equal(t, "1", answer.Header.Get("Age"))
	metrics := s.get("/metrics")
	assert.Contains(t, metrics, `proxenos_source_up{set="default"} 0`)
	assert.Contains(t, metrics, `proxenos_ready{set="default"} 0`)
	assert.NotContains(t, metrics, `proxenos_age_seconds{set="default"} 0`+"\n")
	assert.Contains(t, s.get("/", "Accept", "text/html"), "nodes up to 1 s old")
	_, text = s.do(http.MethodGet, "/readyz", nil)
	assert.Equal(t, "set default: the nodes are too old\n", text)
	s.list(threeNodes)
	s.eventually(func() bool { return !failing() })
	s.eventually(func() bool { a, _ := s.do(http.MethodGet, "/readyz", nil); return a.StatusCode == http.StatusOK })
}

func TestNoNodes(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	s.eventually(func() bool { a, _ := s.do(http.MethodGet, "/nodes", nil); return a.StatusCode == http.StatusOK })
	s.list("# none\n")
	s.eventually(func() bool {
		a, _ := s.do(http.MethodGet, "/select?key=x", nil)
		return a.StatusCode == http.StatusServiceUnavailable
	})
	nodes, err := static.Parse([]byte(s.get("/nodes")), "nodes")
	require.NoError(t, err)
	assert.Empty(t, nodes)
	assert.Contains(t, s.get("/", "Accept", "text/html"), "<title>Nodes</title>")
	assert.Contains(t, s.get("/", "Accept", "text/html"), "proxenos "+term.ReadBuild().Version+". This page is read-only")
}

// A source that does not respond is told from one without nodes.
func TestNoResponseYet(t *testing.T) {
	t.Parallel()
	s := &serving{t: t, http: &http.Client{Timeout: patience, Transport: &http.Transport{}}}
	s.run(nil, []string{"-b", "http", "--url", "http://127.0.0.1:1/nodes", "--http", "127.0.0.1:0"})
	for _, path := range []string{"/select?key=x", "/nodes", "/diff?add=a"} {
		answer, text := s.do(http.MethodGet, path, nil)
		assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode, path)
		assert.Equal(t, "the source has not responded yet\n", text, path)
	}
}

// The list of nodes is one for -b http, and an unchanged one is a short answer.
func TestNodesFeedAnotherProxenos(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	source, err := httplist.New(httplist.Config{URL: s.url + "/nodes", Parse: static.Parse})
	require.NoError(t, err)
	s.eventually(func() bool { _, err := source.Ask(t.Context()); return err == nil })
	u, err := source.Ask(t.Context())
	require.NoError(t, err)
	require.Len(t, u.Nodes, 3)
	assert.Equal(t, "10.0.0.2:80", u.Nodes[1].Address())
	assert.Equal(t, 2.0, u.Nodes[1].Capacity())
	answer, _ := s.do(http.MethodGet, "/nodes", nil)
	tag := answer.Header.Get("ETag")
	answer, text := s.do(http.MethodGet, "/nodes", nil, "If-None-Match", tag)
	assert.Equal(t, http.StatusNotModified, answer.StatusCode)
	assert.Empty(t, text)
}

// Of a chain of servers, the last one says how old the nodes are at the first.
func TestChainAddsAges(t *testing.T) {
	t.Parallel()
	first := startServe(t)
	second := first.behind()
	third := second.behind("--max-staleness", "500ms")
	third.eventually(func() bool { a, _ := third.do(http.MethodGet, "/readyz", nil); return a.StatusCode == http.StatusOK })
	assert.Equal(t, first.get("/nodes"), third.get("/nodes"))
	first.list("a w=x\n")
	ages := func(servers ...*serving) (ages []int) {
		for _, s := range servers {
			answer, text := s.do(http.MethodGet, "/select?key=x", nil)
			require.Equal(t, http.StatusOK, answer.StatusCode, text)
			age, _ := strconv.Atoi(answer.Header.Get("Age")) // 0 without the header
			ages = append(ages, age)
		}
		return ages
	}
	third.eventually(func() bool { return ages(third)[0] >= 2 })
	older := ages(third, second, first)
	assert.GreaterOrEqual(t, older[2]+3, older[0], "each rounds a second up")
	assert.GreaterOrEqual(t, older[0]+1, older[2])
	answer, _ := third.do(http.MethodGet, "/readyz", nil)
	assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	assert.Contains(t, third.get("/metrics"), `proxenos_source_up{set="default"} 0`)
	assert.Contains(t, third.log.String(), "/nodes: the server's own list is old: ")

	// A server that starts during the outage knows no less.
	late := second.behind()
	late.eventually(func() bool { a, _ := late.do(http.MethodGet, "/nodes", nil); return a.StatusCode == http.StatusOK })
	late.eventually(func() bool { return ages(late)[0] >= older[0] })

	// A server that dies takes the age that it had along.
	second.stop()
	require.NoError(t, <-second.ended)
	third.eventually(func() bool { return ages(third)[0] > older[0] })
	first.list(threeNodes)
	first.eventually(func() bool { return ages(first)[0] == 0 })
	assert.Greater(t, ages(third)[0], older[0])
}

func TestWatchSendsChanges(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/watch", nil)
	require.NoError(t, err)
	headers, _ := s.do(http.MethodHead, "/watch", nil) // ends without an event
	assert.Equal(t, "text/event-stream", headers.Header.Get("Content-Type"))
	answer, err := s.http.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	assert.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	events := bufio.NewScanner(answer.Body)
	until := func(want ...string) {
		t.Helper()
		for events.Scan() {
			found := true
			for _, text := range want {
				found = found && strings.Contains(events.Text(), text)
			}
			if found {
				return
			}
		}
		require.Fail(t, "no event", "%q", want)
	}
	until(`data: {"set":"default","algorithm":"rendezvous"`, `"added":["a","b","c"]`)
	s.list("a 10.0.0.1:80\nb 10.0.0.2:80\nd\n")
	until(`"added":["d"],"removed":["c"],"changed":["b"]`)
	s.list("a w=x\n")
	until(`"stale":true`)
	s.stop()
	for events.Scan() { // the stream ends when the server stops
	}
	require.NoError(t, <-s.ended)
}

func TestDiffAndChange(t *testing.T) {
	t.Parallel()
	s := startServe(t, "-a", "ring")
	s.eventually(func() bool { a, _ := s.do(http.MethodGet, "/readyz", nil); return a.StatusCode == http.StatusOK })
	assert.Regexp(t, `(?m)^d +added +0 `, s.get("/diff?add=d&sample=1000"))
	var object struct {
		Schema string
		Moved  struct{ Keys int }
	}
	require.NoError(t, json.Unmarshal([]byte(s.get("/diff?remove=a&reweight=b=1&sample=1000", "Accept", "application/json")), &object))
	assert.Equal(t, "proxenos.diff/v1", object.Schema)
	assert.Positive(t, object.Moved.Keys)
	s.list(threeNodes + "d 10.0.0.4:80\n")
	s.eventually(func() bool { return strings.Contains(s.get("/", "Accept", "text/html"), "last change moved") })
	page := s.get("/", "Accept", "text/html")
	for _, want := range []string{"Ring by owner", "<h2 id=\"change\">Last change</h2>", "<p>d added.</p>", "</td><td>d</td><td class=\"n\">", `<td class="status good" data-name="status">in use</td>`} {
		assert.Contains(t, page, want)
	}
	assert.Contains(t, s.get("/metrics"), `proxenos_changes_total{set="default"} 1`)
	assert.NotContains(t, s.get("/metrics"), `proxenos_last_change_moved_ratio{set="default"} 0`+"\n")
}

func TestToken(t *testing.T) {
	t.Parallel()
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("0123456789abcdef\n"), 0o600))
	s := startServe(t, "--http-token-file", token)
	for _, header := range []string{"", "Bearer 0123456789abcdeF", "Basic 0123456789abcdef", "0123456789abcdef"} {
		answer, text := s.do(http.MethodGet, "/nodes", nil, "Authorization", header)
		assert.Equal(t, http.StatusUnauthorized, answer.StatusCode, header)
		assert.Equal(t, "a bearer token is required\n", text)
	}
	s.eventually(func() bool {
		a, _ := s.do(http.MethodGet, "/nodes", nil, "Authorization", "Bearer 0123456789abcdef")
		return a.StatusCode == http.StatusOK
	})
	s.get("/nodes", "Authorization", "bearer 0123456789abcdef") // RFC 9110: schemes are case-insensitive
	assert.Equal(t, "ok\n", s.get("/healthz"))
	assert.Equal(t, "ok\n", s.get("/readyz"))
}

func TestUnixSocketAndSystemd(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "px") // the path of a socket is short
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	notify, err := net.ListenPacket("unixgram", filepath.Join(folder, "notify"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = notify.Close() })
	dead, err := net.Listen("unix", filepath.Join(folder, "http"))
	require.NoError(t, err)
	dead.(*net.UnixListener).SetUnlinkOnClose(false)
	require.NoError(t, dead.Close())
	s := &serving{t: t, nodes: filepath.Join(folder, "nodes.txt"), http: &http.Client{Timeout: patience}}
	s.list(threeNodes)
	s.run(map[string]string{"NOTIFY_SOCKET": filepath.Join(folder, "notify")}, []string{"-f", s.nodes, "--http", "unix:" + filepath.Join(folder, "http")})
	states := func() string {
		b := make([]byte, 100)
		require.NoError(t, notify.SetReadDeadline(time.Now().Add(patience)))
		n, _, err := notify.ReadFrom(b)
		require.NoError(t, err)
		return string(b[:n])
	}
	assert.Equal(t, "READY=1", states())
	assert.Equal(t, "ok\n", s.get("/readyz"))
	assert.Regexp(t, `^10\.`, s.get("/select?key=x"))
	s.stop()
	assert.Equal(t, "STOPPING=1", states())
	require.NoError(t, <-s.ended)
	_, err = os.Stat(filepath.Join(folder, "http"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// READY=1 is sent when the service has nodes, and not before.
func TestSystemdWaitsForNodes(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "px") // the path of a socket is short
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	notify, err := net.ListenPacket("unixgram", filepath.Join(folder, "notify"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = notify.Close() })
	s := &serving{t: t, nodes: filepath.Join(folder, "nodes.txt"), http: &http.Client{Timeout: patience, Transport: &http.Transport{}}}
	s.run(map[string]string{"NOTIFY_SOCKET": filepath.Join(folder, "notify")}, []string{"-f", s.nodes, "--http", "127.0.0.1:0"})
	s.list("# none\n")
	s.eventually(func() bool { a, _ := s.do(http.MethodGet, "/nodes", nil); return a.StatusCode == http.StatusOK })
	answer, _ := s.do(http.MethodGet, "/readyz", nil)
	assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	message := make([]byte, 100)
	require.NoError(t, notify.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
	_, _, err = notify.ReadFrom(message)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	s.list(threeNodes)
	require.NoError(t, notify.SetReadDeadline(time.Now().Add(patience)))
	n, _, err := notify.ReadFrom(message)
	require.NoError(t, err)
	assert.Equal(t, "READY=1", string(message[:n]))
	assert.Equal(t, "ok\n", s.get("/readyz"))
}

// Text says by which algorithms servers place keys if that is why they disagree.
func TestCompareShowsAlgorithmsThatDiffer(t *testing.T) {
	t.Parallel()
	one, other, ring := startServe(t), startServe(t), startServe(t, "-a", "ketama")
	for _, s := range []*serving{one, other, ring} {
		s.eventually(func() bool { a, _ := s.do(http.MethodGet, "/readyz", nil); return a.StatusCode == http.StatusOK })
	}
	compare := func(urls ...string) (int, string) {
		var out logbuf.Buffer
		c := NewCompare(&term.Streams{Out: &out, Err: &out, Getenv: func(string) string { return "" }})
		c.SetArgs(urls)
		c.SilenceErrors, c.SilenceUsage = true, true
		return term.ExitCode(c.ExecuteContext(t.Context())), out.String()
	}
	code, text := compare(one.url, other.url)
	assert.Zero(t, code)
	assert.NotContains(t, text, "rendezvous")
	code, text = compare(ring.url, one.url, other.url)
	assert.Equal(t, 1, code)
	assert.Regexp(t, `(?m)^default +2 +[0-9a-f]{16} +[0-9a-f]{16} +3 +rendezvous siphash +`+one.url+" "+other.url+"\n"+
		`default +1 +[0-9a-f]{16} +[0-9a-f]{16} +3 +ketama +`+ring.url+"$", text)
}

// A server that is given twice, in whatever spelling, proves no agreement.
func TestCompareCountsServersOnce(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "px") // the path of a socket is short
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	one, other := startServe(t), startServe(t, "--http", "unix:"+filepath.Join(folder, "http"))
	for _, s := range []*serving{one, other} {
		s.eventually(func() bool { a, _ := s.do(http.MethodGet, "/readyz", nil); return a.StatusCode == http.StatusOK })
	}
	socket := "unix:" + folder + "/http"
	here, err := os.Getwd()
	require.NoError(t, err)
	relative, err := filepath.Rel(here, filepath.Join(folder, "http"))
	require.NoError(t, err)
	for _, c := range []struct {
		urls    []string
		servers int
		warning string
	}{
		{[]string{one.url, socket}, 2, ""},
		{[]string{one.url, one.url + "/"}, 1, one.url + "/ is given more than once and counts once"},
		{[]string{socket, "unix:" + folder + "/./http", socket}, 1, socket + " is given more than once"},
		{[]string{socket, "unix:" + relative}, 1, "unix:" + relative + " is given more than once"},
		{[]string{one.url, socket, strings.Replace(one.url, "http", "HTTP", 1)}, 2, "HTTP://"},
	} {
		var out, log logbuf.Buffer
		command := NewCompare(&term.Streams{Out: &out, Err: &log, Getenv: func(string) string { return "" }})
		command.SetArgs(c.urls)
		require.NoError(t, command.ExecuteContext(t.Context()), "%q", c.urls)
		assert.Regexp(t, fmt.Sprintf(`(?m)^default +%d +[0-9a-f]{16} `, c.servers), out.String(), "%q", c.urls)
		assert.Equal(t, c.warning == "", log.String() == "", "%q: %s", c.urls, log.String())
		assert.Contains(t, log.String(), c.warning)
	}
	command := NewCompare(&term.Streams{Out: io.Discard, Err: io.Discard, Getenv: func(string) string { return "" }})
	command.SetArgs([]string{socket + ".missing"})
	command.SilenceErrors, command.SilenceUsage = true, true
	require.ErrorContains(t, command.ExecuteContext(t.Context()), socket+".missing: dial unix ")
}

// A stop lets a request end that is under way.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	s.eventually(func() bool { a, _ := s.do(http.MethodGet, "/readyz", nil); return a.StatusCode == http.StatusOK })
	in, keys := io.Pipe()
	go io.WriteString(keys, "one\n") //nolint:errcheck // the answer shows it
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/select", in)
	require.NoError(t, err)
	answer, err := s.http.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	records := bufio.NewReader(answer.Body)
	_, err = records.ReadString('\n')
	require.NoError(t, err)
	s.stop()
	s.eventually(func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	_, err = io.WriteString(keys, "two\n")
	require.NoError(t, err)
	require.NoError(t, keys.Close())
	line, err := records.ReadString('\n')
	require.NoError(t, err)
	assert.Regexp(t, `^two\t`, line)
	require.NoError(t, <-s.ended)
}

func TestNamedSets(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	config := filepath.Join(folder, "sets.yaml")
	require.NoError(t, os.WriteFile(config, []byte(`
sets:
  cache: {node: [x=10.1.0.1:1, y=10.1.0.2:1], algorithm: ketama}
  web: {node: "w=10.2.0.1:1", max-staleness: 1m}
`), 0o600))
	s := &serving{t: t, http: &http.Client{Timeout: patience}}
	s.run(nil, []string{"--config", config, "--http", "127.0.0.1:0"})
	s.eventually(func() bool { a, _ := s.do(http.MethodGet, "/readyz", nil); return a.StatusCode == http.StatusOK })
	assert.Equal(t, "10.2.0.1:1\n", s.get("/sets/web/select?key=x"))
	assert.Regexp(t, `^10\.1\.0\.[12]:1\n$`, s.get("/sets/cache/select?key=x"))
	answer, text := s.do(http.MethodGet, "/select?key=x", nil)
	assert.Equal(t, http.StatusNotFound, answer.StatusCode)
	assert.Equal(t, "there are several sets: /sets/NAME/select, where NAME is one of cache, web\n", text)
	page := s.get("/sets/web/", "Accept", "text/html")
	assert.Contains(t, page, "<title>Nodes of web</title>")
	assert.Contains(t, page, `<a href="/sets/cache/">cache</a>`)
	assert.Regexp(t, `(?s)^cache\t[0-9a-f]{16}\t[0-9a-f]{16}\nweb\t`, s.get("/checksum"))
	assert.Contains(t, s.get("/metrics"), `proxenos_placement_info{set="cache",checksum="`)
}

// Each of several sets is named by its warnings.
func TestWarningsNameTheirSet(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "sets.yaml")
	require.NoError(t, os.WriteFile(config, []byte("sets: {good: {node: a}, bad: {nodes-file: nosuch.txt}}"), 0o600))
	s := &serving{t: t, http: &http.Client{Timeout: patience}}
	s.run(nil, []string{"--config", config, "--http", "127.0.0.1:0"})
	s.eventually(func() bool {
		return strings.Contains(s.log.String(), `proxenos: warning: set "bad": nosuch.txt: `)
	})
}

func TestBadConfigurations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ yaml, want, hint string }{
		{"", "0 sets: want 1 to 256", "see proxenos serve --help"},
		{"sets: {}", "0 sets", ""},
		{"sets: {a/b: {node: x}}", `set "a/b": a name has letters`, ""},
		{"set: {a: {node: x}}", "line 1: field set not found in the file: want sets", ""},
		{"sets: [a]", "line 1: want the form sets: {NAME: {FLAG: VALUE}}", ""},
		{"sets: {a: {node: x}}\n---\nsets: {b: {node: y}}", "more than one document", ""},
		{"sets: {a: {node: x, algorithm: haproxy, points: many}}", `set "a": --points "many": must be a whole number`, "see proxenos serve --help"},
		{"sets: {a: {nodes-file: [x.txt, y.txt]}}", `set "a": nodes-file: takes one value, not a list`, ""},
		{"sets: {a: {node: x, max-staleness: 5}}", `--max-staleness "5": must be a duration`, ""},
		{"sets: {a: {nod: x}}", `set "a": unknown flag "nod"`, `did you mean "node"?`},
		{"sets: {a: {node: }}", `set "a": node: no value`, ""},
		{"sets: {a: {node: {b: c}}}", "must be a value or a list of values", ""},
		{"sets: {a: {node: x, algorithm: nosuch}}", `unknown algorithm "nosuch"`, ""},
		{"sets: {a: {node: x, points: 10}}", "points", ""},
		{"sets: {a: {nodes-file: '-'}}", "standard input cannot be followed", ""},
		{"sets: {a: {node: x}, a: {node: y}}", "already defined", ""},
	} {
		file := filepath.Join(t.TempDir(), "sets.yaml")
		require.NoError(t, os.WriteFile(file, []byte(c.yaml), 0o600))
		_, err := readSets(file, &term.Streams{Getenv: func(string) string { return "" }})
		require.ErrorContains(t, err, c.want, c.yaml)
		assert.Equal(t, term.ExitConfig, term.ExitCode(err), c.yaml)
		assert.Contains(t, term.HintOf(err), c.hint, c.yaml)
	}
}

func TestConfigurationWithAliases(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "sets.yaml")
	require.NoError(t, os.WriteFile(file, []byte("sets:\n  a: {node: &nodes [x, &last y]}\n  b: {node: *nodes, algorithm: ketama}\n  c: {node: [*last]}\n"), 0o600))
	sets, err := readSets(file, &term.Streams{Getenv: func(string) string { return "" }})
	require.NoError(t, err)
	require.Len(t, sets, 3)
	for i, want := range []int{2, 2, 1} {
		live, err := sets[i].source.Follow(t.Context(), time.Minute, &term.Streams{Err: io.Discard, Getenv: func(string) string { return "" }}, sets[i].placement)
		require.NoError(t, err)
		assert.Len(t, live.Current().Nodes, want, sets[i].name)
		live.Close()
	}
}

func TestTLSAndCompare(t *testing.T) {
	t.Parallel()
	authority := servertest.NewAuthority(t)
	cert, key := authority.Issue(t, "127.0.0.1")
	s := &serving{t: t, nodes: filepath.Join(t.TempDir(), "nodes.txt"), http: &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: authority.ClientTLS(t)}}}
	s.list(threeNodes)
	s.run(nil, []string{"-f", s.nodes, "--http", "127.0.0.1:0", "--http-cert", cert, "--http-key", key})
	require.True(t, strings.HasPrefix(s.url, "https://"), s.url)
	s.eventually(func() bool { a, _ := s.do(http.MethodGet, "/readyz", nil); return a.StatusCode == http.StatusOK })
	assert.Regexp(t, `^10\.`, s.get("/select?key=x"))
	var out logbuf.Buffer
	c := NewCompare(&term.Streams{Out: &out, Err: &out, Getenv: func(string) string { return "" }})
	c.SetArgs([]string{"--ca-file", authority.File, s.url})
	require.NoError(t, c.ExecuteContext(t.Context()), out.String())
	assert.Regexp(t, `(?m)^default +1 +[0-9a-f]{16} `, out.String())
	c = NewCompare(&term.Streams{Out: io.Discard, Err: io.Discard, Getenv: func(string) string { return "" }})
	c.SetArgs([]string{s.url})
	c.SilenceErrors, c.SilenceUsage = true, true
	err := c.ExecuteContext(t.Context())
	require.ErrorContains(t, err, "failed to verify certificate")
	assert.Contains(t, term.HintOf(err), "--ca-file")
}
