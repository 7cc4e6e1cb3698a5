package cli

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/report"
	"github.com/proxenos/proxenos/mapper/swim"
)

func TestSwimNames(t *testing.T) {
	o := swimOptions{host: "10.0.0.9", port: 7946}
	cases := []struct{ typed, want, why string }{
		{"127.0.0.1:2001", "127.0.0.1:2001", "complete"},
		{":2001", "10.0.0.9:2001", "the host is --udp-host"},
		{"web", "web:7946", "the port is --udp-port"},
		{"[::1]:5", "[::1]:5", "an IPv6 address"},
		{"[::1]", "[::1]:7946", "one without a port"},
	}
	for _, c := range cases {
		got, err := o.fullName(c.typed)
		require.NoError(t, err, c.why)
		require.Equal(t, c.want, got, c.why)
	}
	for _, bad := range []string{"a:b:c", "a:0", "a:99999", "a:x"} {
		_, err := o.fullName(bad)
		require.Error(t, err, bad)
	}
}

func TestDiscoveryTellsThisMachineFromItsPeers(t *testing.T) {
	ip := netip.MustParseAddr
	found, err := sortOut([]netip.Addr{ip("10.0.0.3"), ip("::ffff:10.0.0.2"), ip("10.0.0.1")}, []netip.Addr{ip("127.0.0.1"), ip("10.0.0.2")}, "7946")
	require.NoError(t, err)
	require.Equal(t, discovered{name: "10.0.0.2:7946", peers: []string{"10.0.0.1:7946", "10.0.0.3:7946"}}, found)
	_, err = sortOut([]netip.Addr{ip("10.0.0.3")}, []netip.Addr{ip("10.0.0.2")}, "7946")
	require.ErrorContains(t, err, "none of [10.0.0.3]")
}

var demoMembers = []swim.Member{
	{Name: "127.0.0.1:2001", Status: swim.StatusOnline, Clock: 3, Local: true, Metadata: map[string][]byte{"typed": []byte("hello")}},
	{Name: "127.0.0.1:2002", Status: swim.StatusSuspect, Clock: 1, Metadata: map[string][]byte{"token": {0xff, 1}}},
	{Name: "127.0.0.1:2003", Status: swim.StatusOffline, Clock: 0},
	{Name: "\x1b[2Jevil", Status: swim.StatusOnline, Clock: 7, Metadata: map[string][]byte{"k": []byte("\x1b]0;x\a")}},
}

func TestDemoScreenKeepsTheAncestorsColumns(t *testing.T) {
	lines := strings.Split(demoScreen(demoMembers, 80, 24, false), "\n")
	require.Len(t, lines, 24)
	require.Equal(t, ">>> 127.0.0.1:2001 is ONLINE  3        typed=hello                           <<<", lines[0])
	require.Equal(t, "    127.0.0.1:2002 is SUSPECT 1        token=ff01", lines[1])
	require.Equal(t, "    127.0.0.1:2003 is OFFLINE 0        unknown", lines[2])
	require.True(t, strings.HasSuffix(lines[23], " Available: 3"))
	require.NotContains(t, strings.Join(lines, ""), "\x1b", "nothing that a terminal obeys")
}

func TestDemoScreenFitsEverySize(t *testing.T) {
	for _, size := range [][2]int{{200, 50}, {80, 24}, {40, 3}, {10, 2}, {1, 1}} {
		screen := demoScreen(demoMembers, size[0], size[1], false)
		lines := strings.Split(screen, "\n")
		require.Len(t, lines, size[1])
		for _, line := range lines {
			require.LessOrEqual(t, len([]rune(line)), size[0], "%v: %q", size, line)
		}
	}
	require.Empty(t, demoScreen(demoMembers, 0, 0, false))
	require.Contains(t, demoScreen(demoMembers, 80, 3, false), "… and 3 more")
	require.Contains(t, demoScreen(demoMembers, 80, 24, true), "\x1b[1;32m>>>")
}

func TestDemoShowsWhatWasTypedFirst(t *testing.T) {
	require.Equal(t, " typed=x token=ff", demoMetadata(map[string][]byte{"token": {0xff}, "typed": []byte("x")}))
	require.Equal(t, " a=1 b=2", demoMetadata(map[string][]byte{"b": []byte("2"), "a": []byte("1")}))
}

func TestDemoKeepsTheLastThirtyPrintable(t *testing.T) {
	require.Equal(t, "ab c", keepPrintable("a\tb\x1b \nc\u00e9"))
	require.Len(t, lastBytes(strings.Repeat("x", 50), maxTyped), maxTyped)
}

func TestStatusPageOfNobody(t *testing.T) {
	_, h := page(t, true)
	require.Equal(t, http.StatusNotFound, get(h, "/select?key=a", "*/*").Code)
	require.Equal(t, http.StatusNotFound, get(h, "/select?key=a", "application/json").Code)
	require.Contains(t, get(h, "/select?key=a", "text/html").Body.String(), "No nodes to choose from.")
	require.NotContains(t, get(h, "/", "application/json").Body.String(), "checksum")
	require.Equal(t, http.StatusOK, get(h, "/", "text/html").Code)
}

// page is a status page of a member that is alone, and maybe only an observer.
func page(t *testing.T, observer bool) (*statusPage, http.Handler) {
	cluster, err := swim.Join(context.Background(), swim.Config{
		Name: "m", Bind: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Observer: observer,
		Metadata: map[string][]byte{"<script>alert(1)</script>": []byte(`"><img src=x>`), "addr": []byte("10.0.0.1:80")},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Close()) })
	o := &schemeOptions{choices: algorithms, name: "rendezvous", tableBits: defaultTableBits}
	o.algorithm = algorithms[0]
	require.NoError(t, o.hashOptions.parse(&streams{Getenv: func(string) string { return "" }}))
	p := &statusPage{cluster: cluster, scheme: o, alone: true, addr: "127.0.0.1:9911"}
	return p, report.Guard(p.addr, p.routes())
}

func get(h http.Handler, url, accept string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, url, nil)
	r.Host = "127.0.0.1:9911"
	r.Header.Set("Accept", accept)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestStatusPageEscapesWhatMembersSay(t *testing.T) {
	_, h := page(t, false)
	w := get(h, "/", "text/html")
	require.Equal(t, http.StatusOK, w.Code)
	require.NotContains(t, w.Body.String(), "<script>")
	require.NotContains(t, w.Body.String(), "<img")
	require.Contains(t, w.Body.String(), "100.00%")
	require.Contains(t, w.Body.String(), `http-equiv="refresh"`)
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
	w = get(h, "/select?key=%3Cscript%3E", "text/html")
	require.NotContains(t, w.Body.String(), "<script>")
	require.Contains(t, w.Body.String(), "<strong>10.0.0.1:80</strong>")
	w = get(h, "/select", "text/html")
	require.Equal(t, http.StatusOK, w.Code, "a person is asked for the key")
	require.Contains(t, w.Body.String(), `<form action="/select">`)
}

func TestStatusPageAnswersPrograms(t *testing.T) {
	p, h := page(t, false)
	w := get(h, "/", "application/json")
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	var answer struct {
		Members []struct {
			Name  string
			Share float64
		}
		Checksum string
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	require.Equal(t, "m", answer.Members[0].Name)
	require.InDelta(t, 1, answer.Members[0].Share, 0)
	require.Equal(t, "10.0.0.1:80\n", get(h, "/select?key=user:42", "*/*").Body.String())
	require.JSONEq(t, `{"schema": "proxenos.select/v1", "key": "user:42", "nodes": [{"id": "m", "address": "10.0.0.1:80", "weight": 1}],
		"algorithm": "rendezvous", "hash": "siphash", "checksum": "`+answer.Checksum+`"}`,
		get(h, "/select?key=user:42", "application/json").Body.String(), "as proxenos select -o json")
	require.Contains(t, get(h, "/select?key=%ff&count=2", "application/json").Body.String(), `"key_base64":"/w==","nodes":[{"id":"m","address":"10.0.0.1:80","weight":1}],"short":true`)
	require.Contains(t, get(h, "/", "text/html").Body.String(), answer.Checksum)
	require.Equal(t, http.StatusBadRequest, get(h, "/select", "*/*").Code)
	require.Equal(t, http.StatusBadRequest, get(h, "/select?key=a&count=0", "*/*").Code)
	require.Equal(t, http.StatusNotFound, get(h, "/nothing", "*/*").Code)
	require.Equal(t, http.StatusOK, get(h, "/healthz", "*/*").Code)
	require.Equal(t, http.StatusOK, get(h, "/readyz", "*/*").Code)
	p.alone = false
	require.Equal(t, http.StatusServiceUnavailable, get(h, "/readyz", "*/*").Code)
}

func TestStatusPageRefusesOtherSites(t *testing.T) {
	_, h := page(t, false)
	foreign := func(r *http.Request) { r.Host = "evil.example:9911" }
	require.Equal(t, http.StatusForbidden, get(h, "/", "text/html", foreign).Code, "DNS that was bound anew")
	origin := func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }
	require.Equal(t, http.StatusForbidden, get(h, "/", "text/html", origin).Code)
	post := func(r *http.Request) { r.Method = http.MethodPost }
	require.Equal(t, http.StatusMethodNotAllowed, get(h, "/", "text/html", post).Code)
	local := func(r *http.Request) { r.Host = "localhost:9911" }
	require.Equal(t, http.StatusOK, get(h, "/", "text/html", local).Code)
}
