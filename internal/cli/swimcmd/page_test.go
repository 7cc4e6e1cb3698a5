package swimcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper/swim"
)

func TestStatusPageWithoutNodes(t *testing.T) {
	t.Parallel()
	_, h := page(t, true)
	require.Equal(t, http.StatusNotFound, get(h, "/select?key=a", "*/*").Code)
	require.Equal(t, http.StatusNotFound, get(h, "/select?key=a", "application/json").Code)
	require.Contains(t, get(h, "/select?key=a", "text/html").Body.String(), "No nodes to choose from.")
	require.NotContains(t, get(h, "/", "application/json").Body.String(), "checksum")
	require.Equal(t, http.StatusOK, get(h, "/", "text/html").Code)
}

// page returns the status page of a single member or observer.
func page(t *testing.T, observer bool) (*statusPage, http.Handler) {
	cluster, err := swim.Join(context.Background(), swim.Config{
		Name: "m", Bind: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Observer: observer,
		Metadata: map[string][]byte{"<script>alert(1)</script>": []byte(`"><img src=x>`), "addr": []byte("10.0.0.1:80")},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Close()) })
	var placement place.Flags
	require.NoError(t, placement.Apply(place.Settings{}, &term.Streams{Getenv: func(string) string { return "" }}))
	p := &statusPage{alone: true, addr: "127.0.0.1:9911"}
	p.show(cluster, &placement)
	return p, p.handler()
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

func TestStatusPageEscapesMetadata(t *testing.T) {
	t.Parallel()
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
	require.Equal(t, http.StatusOK, w.Code, "browsers get a form")
	require.Contains(t, w.Body.String(), `<form action="/select">`)
}

func TestStatusPageServesJSONAndText(t *testing.T) {
	t.Parallel()
	p, h := page(t, false)
	w := get(h, "/", "application/json")
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	var answer struct {
		Members []struct {
			Name  string
			Share float64
		}
		Checksum  string
		Addresses string `json:"address_checksum"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	require.Equal(t, "m", answer.Members[0].Name)
	require.InDelta(t, 1, answer.Members[0].Share, 0)
	require.Equal(t, "10.0.0.1:80\n", get(h, "/select?key=user:42", "*/*").Body.String())
	require.JSONEq(t, `{"schema": "proxenos.select/v1", "key": "user:42", "nodes": [{"id": "m", "address": "10.0.0.1:80", "weight": 1}],
		"algorithm": "rendezvous", "hash": "siphash", "checksum": "`+answer.Checksum+`", "address_checksum": "`+answer.Addresses+`"}`,
		get(h, "/select?key=user:42", "application/json").Body.String(), "the output of proxenos select -o json")
	require.Contains(t, get(h, "/select?key=%ff&count=2", "application/json").Body.String(), `"key_base64":"/w==","nodes":[{"id":"m","address":"10.0.0.1:80","weight":1}],"short":true`)
	require.Contains(t, get(h, "/", "text/html").Body.String(), answer.Checksum)
	require.Contains(t, get(h, "/", "text/html").Body.String(), answer.Addresses)
	require.Contains(t, get(h, "/", "text/html").Body.String(), "proxenos "+term.ReadBuild().Version+". This page is read-only")
	require.Equal(t, http.StatusBadRequest, get(h, "/select", "*/*").Code)
	require.Equal(t, http.StatusBadRequest, get(h, "/select?key=a&count=0", "*/*").Code)
	require.Equal(t, http.StatusNotFound, get(h, "/nothing", "*/*").Code)
	require.Equal(t, http.StatusOK, get(h, "/healthz", "*/*").Code)
	require.Equal(t, http.StatusOK, get(h, "/readyz", "*/*").Code)
	p.alone = false
	require.Equal(t, http.StatusServiceUnavailable, get(h, "/readyz", "*/*").Code)
}

func TestStatusPageRejectsOtherOrigins(t *testing.T) {
	t.Parallel()
	_, h := page(t, false)
	foreign := func(r *http.Request) { r.Host = "evil.example:9911" }
	require.Equal(t, http.StatusForbidden, get(h, "/", "text/html", foreign).Code, "DNS rebinding")
	origin := func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }
	require.Equal(t, http.StatusForbidden, get(h, "/", "text/html", origin).Code)
	post := func(r *http.Request) { r.Method = http.MethodPost }
	require.Equal(t, http.StatusMethodNotAllowed, get(h, "/", "text/html", post).Code)
	local := func(r *http.Request) { r.Host = "localhost:9911" }
	require.Equal(t, http.StatusOK, get(h, "/", "text/html", local).Code)
}

func TestStatusPageBeyondLoopback(t *testing.T) {
	t.Parallel()
	p, _ := page(t, false)
	p.addr, p.given = "10.0.0.1:9911", "status.example:9911"
	h := p.handler()
	for host, want := range map[string]int{
		"10.0.0.1:9911": http.StatusOK, "status.example:9911": http.StatusOK, "evil.example:9911": http.StatusForbidden,
	} {
		require.Equal(t, want, get(h, "/", "text/html", func(r *http.Request) { r.Host = host }).Code, host)
	}
	var out bytes.Buffer
	p.logStart(slog.New(slog.NewTextHandler(&out, nil)))
	require.Contains(t, out.String(), "level=WARN")
	require.Contains(t, out.String(), "no access control")
	out.Reset()
	p.addr = "127.0.0.1:9911"
	p.logStart(slog.New(slog.NewTextHandler(&out, nil)))
	require.NotContains(t, out.String(), "level=WARN")
}

// TestStatusPageLimitsConnections opens more silent connections than there are
// places.
func TestStatusPageLimitsConnections(t *testing.T) {
	t.Parallel()
	made, _ := page(t, false)
	p, err := listenHTTP("127.0.0.1:0")
	require.NoError(t, err)
	p.cluster, p.placement, p.alone = made.cluster, made.placement, true
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	p.serve(ctx, &running)
	t.Cleanup(func() { cancel(); running.Wait() })
	var silent []net.Conn
	for range 2 * pageLimits.Connections {
		c, err := net.Dial("tcp", p.addr)
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		silent = append(silent, c)
	}
	response, err := http.Get("http://" + p.addr + "/healthz")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	for _, c := range silent {
		require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
		_, err := c.Read(make([]byte, 1))
		require.Error(t, err, "the server closes it")
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	}
}

// TestStatusPagePlacesPartialSets has a member with a weight beyond the limit.
func TestStatusPagePlacesPartialSets(t *testing.T) {
	t.Parallel()
	p, h := page(t, false)
	require.NoError(t, p.cluster.SetMetadata(map[string][]byte{"weight": []byte("1e9")}))
	w := get(h, "/select?key=a", "application/json")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), `"weight":1000}`)
}
