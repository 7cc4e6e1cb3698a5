package browsertest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/report"
)

// cluster returns a live page of members with the given names.
func cluster(names []string) *report.Live {
	l := &report.Live{
		Title: "Members of the cluster", Lead: "As " + names[0] + " sees it.", Ask: "/select", Every: time.Hour,
		Tiles:     []report.Tile{{Name: "online", Value: "2", Grade: report.Good}, {Name: "suspect", Value: "1", Note: "for 3 s", Grade: report.Warn}, {Name: "offline", Value: "0"}},
		Figures:   []report.Input{{Name: "algorithm", Value: "rendezvous"}, {Name: names[0], Value: names[0]}},
		Placement: "Shares are in proportion to weights.",
	}
	grades := []report.Grade{report.Good, report.Warn, report.Bad}
	for i, name := range names {
		l.Members = append(l.Members, report.Member{
			Name: name, Addr: name, Self: i == 0, Status: "ONLINE", Grade: grades[i%3], Since: time.Now().Add(-time.Minute),
			Share: 1 / float64(len(names)), About: "zone=" + name + " weight=2",
		})
	}
	return l
}

// serveLive serves a page at / and its lookup at /select.
func serveLive(t *testing.T, page func() *report.Live) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { page().Answer(w, r, nil) })
	mux.HandleFunc("GET /select", func(w http.ResponseWriter, r *http.Request) {
		l := page()
		key := r.URL.Query().Get("key")
		l.Question = &report.Question{Asked: r.URL.Query().Has("key"), Key: key, Owners: []report.Owner{{Name: "owner-of-" + key, Addr: "10.0.0.9:80"}}}
		l.Answer(w, r, nil)
	})
	server := httptest.NewServer(report.Guard("127.0.0.1:0", mux))
	t.Cleanup(server.Close)
	return server.URL
}

func TestLivePages(t *testing.T) {
	t.Parallel()
	for name, names := range map[string][]string{
		"one":     {"only"},
		"three":   {"10.0.0.1:7946", "10.0.0.2:7946", "[2001:db8::1]:7946"},
		"hostile": {"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "<b>bold</b>", "a-name-without-a-single-place-to-break-it-that-is-longer-than-any-phone-is-wide-and-goes-on", "漢字漢字漢字漢字漢字漢字漢字"},
		"many":    numbered(300),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := serveLive(t, func() *report.Live { return cluster(names) })
			for path, suffix := range map[string]string{"/": "members", "/select": "question", "/select?key=user:42": "answer"} {
				t.Run(suffix, func(t *testing.T) {
					for _, f := range checkPage(t, url+path) {
						assert.GreaterOrEqual(t, f.Pictures, 1)
						assert.GreaterOrEqual(t, f.Headings, 3)
					}
				})
			}
		})
	}
}

// eval returns the value of an expression in the tab, or "" while the tab is
// between two pages.
func eval(tab context.Context, expression string) string {
	got, err := chromedp.Run(tab, chromedp.Evaluate[string](expression))
	if err != nil {
		return ""
	}
	return got
}

// becomes waits until an expression has the wanted value.
func becomes(t *testing.T, tab context.Context, expression, want string) {
	t.Helper()
	got := ""
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if got = eval(tab, expression); got == want {
			return
		}
	}
	require.Equal(t, want, got, expression)
}

func TestLivePageRefreshesAndAnswers(t *testing.T) {
	t.Parallel()
	var drawn atomic.Int64
	url := serveLive(t, func() *report.Live {
		page := cluster([]string{"a", "b"})
		page.Every, page.Lead = time.Second, fmt.Sprint("page ", drawn.Add(1))
		return page
	})
	tab, l := openTab(t)
	const lead = `document.querySelector('.lead').textContent`
	require.NoError(t, chromedp.Do(tab, chromedp.EmulateViewport(800, 600), chromedp.Navigate(url+"/")))
	becomes(t, tab, lead, "page 3")

	eval(tab, `document.querySelector('footer a').click(), ''`)
	becomes(t, tab, `location.search`, "?refresh=0")
	becomes(t, tab, `String(document.querySelector('meta[http-equiv=refresh]'))`, "null")
	eval(tab, `document.querySelector('footer a').click(), ''`)
	becomes(t, tab, `location.search`, "")

	eval(tab, `document.querySelector('.links a').click(), ''`)
	becomes(t, tab, `location.pathname`, "/select")
	becomes(t, tab, `document.activeElement.id`, "key")
	eval(tab, `document.querySelector('#key').value = 'user & <42>', document.querySelector('button').click(), ''`)
	becomes(t, tab, `document.querySelector('#owner')?.textContent ?? ''`, "10.0.0.9:80 (owner-of-user & <42>)")
	becomes(t, tab, `document.querySelector('#key').value`, "user & <42>")
	assert.Empty(t, l.logged())
}
