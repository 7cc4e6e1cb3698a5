package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/swim"
)

// statusPage shows a cluster over HTTP: the members at /, who owns a key at
// /select?key=, and whether this member lives and has company at /healthz and
// /readyz. Everything is a GET and changes nothing.
type statusPage struct {
	cluster *swim.Cluster
	scheme  *schemeOptions
	alone   bool // no peers were named, so being alone is being ready
	addr    string
}

// serve listens and serves until the context ends.
func (p *statusPage) serve(ctx context.Context, addr string, running *sync.WaitGroup) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	p.addr = l.Addr().String()
	server := &http.Server{
		Handler:           p.guarded(p.routes()),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	running.Go(func() { _ = server.Serve(l) })
	running.Go(func() {
		<-ctx.Done()
		_ = server.Close()
	})
	return nil
}

func (p *statusPage) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.members)
	mux.HandleFunc("GET /select", p.owners)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", p.ready)
	return mux
}

// guarded refuses requests that a page of somebody else made a browser send:
// on loopback only names of loopback are answered to. It also tells browsers
// to load, run and frame nothing.
func (p *statusPage) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		origin := r.Header.Get("Origin")
		if onLoopback(p.addr) && !onLoopback(r.Host) || origin != "" && origin != "http://"+r.Host {
			http.Error(w, "this page is served to its own address only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// onLoopback holds for host:port or host if the host is this machine's own
// loopback.
func onLoopback(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = strings.Trim(hostPort, "[]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// pageMember is a member as the page and its JSON show it.
type pageMember struct {
	memberView
	Local bool    `json:"local,omitzero"`
	Share float64 `json:"share"` // of the keys, by weight
}

// Percent is the share as a person reads it.
func (m pageMember) Percent() string { return strconv.FormatFloat(100*m.Share, 'f', 1, 64) + " %" }

// Text is the metadata in one line.
func (m pageMember) Text() string {
	raw := map[string][]byte{}
	for k, v := range m.Metadata {
		raw[k] = []byte(v)
	}
	for k, v := range m.Binary {
		raw[k] = v
	}
	return metadataText(raw)
}

func (p *statusPage) view() []pageMember {
	members := p.cluster.Members()
	total := 0.0
	for _, m := range members {
		total += candidateWeight(m)
	}
	views := make([]pageMember, len(members))
	for i, m := range members {
		views[i] = pageMember{memberView: viewMember(m), Local: m.Local}
		if total > 0 {
			views[i].Share = candidateWeight(m) / total
		}
	}
	return views
}

// candidateWeight is the weight of a member in placement.
func candidateWeight(m swim.Member) float64 {
	if m.Observer || !m.Status.In(swim.Available) {
		return 0
	}
	return m.Node().Capacity()
}

func (p *statusPage) members(w http.ResponseWriter, r *http.Request) {
	view := p.view()
	if wantsJSON(r) {
		answerJSON(w, http.StatusOK, struct {
			Schema  string       `json:"schema"`
			Members []pageMember `json:"members"`
		}{"proxenos.swim.members/v1", view})
		return
	}
	p.draw(w, pageView{Members: view, Algorithm: p.scheme.algorithm.name})
}

// owners tells who owns ?key=, and the next ones with ?count=.
func (p *statusPage) owners(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	count := 1
	if text := query.Get("count"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > swim.MaxMembers {
			http.Error(w, "count must be a whole number from 1", http.StatusBadRequest)
			return
		}
		count = n
	}
	if !query.Has("key") {
		http.Error(w, "key is missing: /select?key=user:42", http.StatusBadRequest)
		return
	}
	chosen, err := p.choose(r.Context(), query.Get("key"), count)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	case wantsJSON(r):
		answerJSON(w, http.StatusOK, struct {
			Schema string     `json:"schema"`
			Key    string     `json:"key"`
			Nodes  []nodeView `json:"nodes"`
		}{"proxenos.select/v1", query.Get("key"), viewsOf(chosen, false)})
	case strings.Contains(r.Header.Get("Accept"), "text/html"):
		p.draw(w, pageView{Members: p.view(), Algorithm: p.scheme.algorithm.name, Asked: true, Key: query.Get("key"), Owners: viewsOf(chosen, true)})
	case len(chosen) == 0:
		http.Error(w, "nobody to choose", http.StatusNotFound)
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		for _, v := range viewsOf(chosen, true) {
			_, _ = fmt.Fprintln(w, v.Address)
		}
	}
}

func (p *statusPage) choose(ctx context.Context, key string, count int) ([]mapper.Node, error) {
	nodes, err := p.cluster.Nodes(ctx)
	if err != nil || len(nodes) == 0 {
		return nil, err
	}
	placed, err := p.scheme.build(nodes)
	if err != nil {
		return nil, err
	}
	chosen := make([]mapper.Node, 0, count)
	for _, i := range placed.SelectN(nil, key, count) {
		chosen = append(chosen, placed.nodes[i])
	}
	return chosen, nil
}

// ready answers 503 while peers were named and none is there.
func (p *statusPage) ready(w http.ResponseWriter, _ *http.Request) {
	if !p.alone && len(p.cluster.Find(1, swim.Available)) == 0 {
		http.Error(w, "no other member is available", http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprintln(w, "ok")
}

// wantsJSON reports whether JSON is asked for and HTML is not.
func wantsJSON(r *http.Request) bool {
	accept := strings.Split(r.Header.Get("Accept"), ",")
	has := func(kind string) bool {
		return slices.ContainsFunc(accept, func(a string) bool {
			a, _, _ = strings.Cut(a, ";")
			return strings.TrimSpace(a) == kind
		})
	}
	return has("application/json") && !has("text/html")
}

func answerJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v)
}

// pageView is what the page shows.
type pageView struct {
	Members   []pageMember
	Algorithm string
	Asked     bool
	Key       string
	Owners    []nodeView
}

func (p *statusPage) draw(w http.ResponseWriter, v pageView) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = statusTemplate.Execute(w, v)
}

var statusTemplate = template.Must(template.New("status").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>proxenos: members</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884; overflow-wrap: anywhere }
td.n, th.n { text-align: right; white-space: nowrap }
.ONLINE { color: #1a7f37 } .SUSPECT { color: #9a6700 } .OFFLINE, .LEFT { color: #cf222e }
@media (prefers-color-scheme: dark) { .ONLINE { color: #3fb950 } .SUSPECT { color: #d29922 } .OFFLINE, .LEFT { color: #f85149 } }
</style>
<h1>Members</h1>
<table>
<thead><tr><th>Name<th>Status<th>Address<th class="n">Share<th class="n">Clock<th>Metadata</tr></thead>
<tbody>
{{range .Members}}<tr><td>{{.Name}}{{if .Local}} (this one){{end}}<td class="{{.Status}}">{{.Status}}{{if .Observer}} (observer){{end}}<td>{{.Address}}<td class="n">{{.Percent}}<td class="n">{{.Clock}}<td>{{.Text}}</tr>
{{end}}</tbody>
</table>
<h2>Who owns a key?</h2>
<form action="/select"><label>Key <input name="key" value="{{.Key}}"></label> <button>Select</button></form>
{{if .Asked}}<p id="owner">{{range .Owners}}<strong>{{.Address}}</strong> ({{.ID}}) {{else}}nobody to choose{{end}}</p>{{end}}
<p>Keys are placed by {{.Algorithm}}. A share is what a member's weight gives it.</p>
</html>
`))
