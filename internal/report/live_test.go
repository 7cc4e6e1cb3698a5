package report

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// three returns a page of three members, one of which has a hostile name.
func three() *Live {
	const script = `<script>alert("x")</script>`
	return &Live{
		Title: "Members & <i>status</i>", Lead: "10.0.0.1:7946 sees 3 members.",
		Tiles: []Tile{{"online", "2", "of 3", Good}, {"suspect", "1", "", Warn}},
		Members: []Member{
			{Name: "10.0.0.1:7946", Addr: "10.0.0.1:80", Self: true, Status: "ONLINE", Grade: Good, Since: noon.Add(-3 * time.Hour), Share: 0.25, About: "weight=1"},
			{Name: script, Addr: `"><img src=x>`, Status: "SUSPECT", Grade: Warn, Since: noon.Add(-5 * time.Second), Share: 0.75, About: script},
			{Name: "gone", Addr: "10.0.0.3:7946", Status: "OFFLINE", Grade: Bad, Since: noon.Add(-100 * time.Hour)},
		},
		Figures: []Input{{"algorithm", "rendezvous"}}, Placement: "Shares are in proportion to weights.",
		Ask: "/select", Now: noon, Every: 5 * time.Second,
	}
}

func liveHTML(t *testing.T, l *Live) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, l.HTML(&b))
	return b.String()
}

func TestGoldenLive(t *testing.T) { golden(t, "live.html", liveHTML(t, three())) }

// A page of nodes begins with their shares and with the last change. Its table says
// nothing about time.
func TestLivePageOfNodes(t *testing.T) {
	l := three()
	l.Heading = "Nodes"
	l.Change = &Last{Lead: "<b>x</b> added.", Moves: []Move{{"<i>a</i>", "<u>x</u>", 0.25}}, More: 7}
	for i := range l.Members {
		l.Members[i].Since = time.Time{}
	}
	page := liveHTML(t, l)
	at := func(text string) int {
		require.Equal(t, 1, strings.Count(page, text), text)
		return strings.Index(page, text)
	}
	assert.IsIncreasing(t, []int{at(`<h2 id="shares">Shares`), at(`<h2 id="change">Last change`), at(`<h2 id="members">Nodes`)})
	assert.Contains(t, page, "<td>&lt;i&gt;a&lt;/i&gt;</td><td>&lt;u&gt;x&lt;/u&gt;</td><td class=\"n\">25.00%</td>")
	assert.Contains(t, page, "<p>&lt;b&gt;x&lt;/b&gt; added.</p>")
	assert.Contains(t, page, "7 more flows are smaller.")
	assert.NotContains(t, page, `data-name="for"`)
	assert.NotContains(t, page, ">for<")
}

func TestLiveEscapes(t *testing.T) {
	l := three()
	l.Question = &Question{Asked: true, Key: `"><script>`, Owners: []Owner{{"<b>", "<i>"}}}
	page := liveHTML(t, l)
	for _, made := range []string{"<script", "<img", "<b>", "<i>"} {
		assert.NotContains(t, page, made)
	}
}

func TestLiveRefreshes(t *testing.T) {
	const refreshes = `http-equiv="refresh" content="5"`
	assert.Contains(t, liveHTML(t, three()), refreshes)
	asking := three()
	asking.Question = &Question{}
	page := liveHTML(t, asking)
	assert.NotContains(t, page, refreshes, "a refresh discards a half-typed key")
	assert.Contains(t, page, `<form action="/select">`)
	never := three()
	never.Every = 0
	assert.NotContains(t, liveHTML(t, never), "refresh")
	paused := answer(three(), "/?refresh=0", "text/html")
	assert.NotContains(t, paused.Body.String(), refreshes)
	assert.Contains(t, paused.Body.String(), "Paused.")
}

func TestLiveWithoutMembers(t *testing.T) {
	page := liveHTML(t, &Live{Title: "x"})
	assert.NotContains(t, page, "<svg")
	asked := &Live{Title: "x", Question: &Question{Asked: true, Key: "k"}}
	assert.Contains(t, liveHTML(t, asked), "No nodes to choose from.")
}

func TestLiveLimitsRows(t *testing.T) {
	l := &Live{Title: "x"}
	for range 1500 {
		l.Members = append(l.Members, Member{Name: "m", Share: 1.0 / 1500})
	}
	page := liveHTML(t, l)
	assert.Equal(t, 1000, strings.Count(page, "></span>m</td>"))
	assert.Contains(t, page, "500 more members")
}

func TestSince(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 59 * time.Second: "59 s", 119 * time.Second: "1 min", time.Hour: "1 h", 47 * time.Hour: "47 h", 72 * time.Hour: "3 days",
	} {
		assert.Equal(t, want, since(noon, noon.Add(-d)))
	}
	assert.Equal(t, "–", since(noon, time.Time{}))
}

func answer(l *Live, url, accept string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, url, nil)
	r.Host = "127.0.0.1:9911"
	r.Header.Set("Accept", accept)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	Guard("127.0.0.1:9911", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.Answer(w, r, map[string]int{"members": len(l.Members)})
	})).ServeHTTP(w, r)
	return w
}

func TestLiveHonorsAccept(t *testing.T) {
	for accept, want := range map[string]string{
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": "text/html; charset=utf-8",
		"Text/HTML":                "text/html; charset=utf-8",
		"application/json":         "application/json",
		"*/*":                      "application/json",
		"":                         "application/json",
		"application/json; q=0.5,": "application/json",
	} {
		w := answer(three(), "/", accept)
		assert.Equal(t, http.StatusOK, w.Code)
		assert.Equal(t, want, w.Header().Get("Content-Type"), accept)
	}
	assert.JSONEq(t, `{"members":3}`, answer(three(), "/", "*/*").Body.String())
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	assert.False(t, WantsJSON(r))
	r.Header.Set("Accept", "application/json")
	assert.True(t, WantsJSON(r))
}

func TestGuard(t *testing.T) {
	as := func(host, origin string) int {
		return answer(three(), "/", "*/*", func(r *http.Request) {
			r.Host = host
			if origin != "" {
				r.Header.Set("Origin", origin)
			}
		}).Code
	}
	assert.Equal(t, http.StatusOK, as("localhost:9911", ""))
	assert.Equal(t, http.StatusOK, as("[::1]:9911", "http://[::1]:9911"))
	assert.Equal(t, http.StatusForbidden, as("evil.example:9911", ""), "DNS rebinding")
	assert.Equal(t, http.StatusForbidden, as("127.0.0.1:9911", "http://evil.example"))
	assert.Equal(t, http.StatusForbidden, as("127.0.0.1:9911", "null"))

	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Host = "10.0.0.1:9911"
	Guard("10.0.0.1:9911", http.NotFoundHandler()).ServeHTTP(w, r)
	assert.Equal(t, http.StatusNotFound, w.Code)
	assert.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
	assert.Contains(t, w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'")
	assert.NotContains(t, w.Header().Get("Content-Security-Policy"), "unsafe")
}

func TestGuardBeyondLoopback(t *testing.T) {
	t.Parallel()
	h := Guard("[::]:9911", http.NotFoundHandler(), "status.example:9911", ":9911")
	for host, want := range map[string]int{
		"10.0.0.1:9911":       http.StatusNotFound,
		"[2001:db8::1]:9911":  http.StatusNotFound,
		"2001:db8::1":         http.StatusNotFound,
		"localhost:9911":      http.StatusNotFound,
		"STATUS.example":      http.StatusNotFound,
		"status.example:80":   http.StatusNotFound,
		"evil.example:9911":   http.StatusForbidden,
		"10.0.0.1.evil:9911":  http.StatusForbidden,
		"status.example.evil": http.StatusForbidden,
		"":                    http.StatusForbidden,
		":9911":               http.StatusForbidden,
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		h.ServeHTTP(w, r)
		assert.Equal(t, want, w.Code, host)
	}
}
