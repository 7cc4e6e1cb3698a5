package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/proxenos/proxenos/internal/report"
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
		Handler:           report.Guard(p.addr, p.routes()),
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

// pageMember is a member as the page and its JSON show it.
type pageMember struct {
	memberView
	Local bool    `json:"local,omitzero"`
	Share float64 `json:"share"` // of the keys, by weight
}

// word is the status as a person reads it.
func (m pageMember) word() string {
	if m.Observer {
		return m.Status + " (observer)"
	}
	return m.Status
}

// Text is the metadata in one line.
func (m pageMember) Text() string {
	if m.Metadata == nil {
		return metadataText(nil)
	}
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
	p.live(view).Answer(w, r, struct {
		Schema  string       `json:"schema"`
		Members []pageMember `json:"members"`
	}{"proxenos.swim.members/v1", view})
}

// renewEvery is how often a browser looks again.
const renewEvery = 3 * time.Second

// live is the page of these members.
func (p *statusPage) live(view []pageMember) *report.Live {
	l := &report.Live{
		Title: "Members of the cluster", Ask: "/select", Every: renewEvery,
		Placement: "Keys are placed by " + p.scheme.algorithm.name + ". A share is what a member's weight gives it.",
	}
	counts := map[string]int{}
	for _, m := range view {
		counts[m.Status]++
		if m.Local {
			l.Lead = "As " + m.Name + " sees it."
		}
		l.Members = append(l.Members, report.Member{
			Name: m.Name, Addr: m.Address, Self: m.Local, Status: m.word(), Grade: statusGrades[m.Status],
			Since: m.Since, Share: m.Share, About: m.Text(),
		})
	}
	for _, status := range []swim.Status{swim.Online, swim.Suspect, swim.Offline, swim.Left} {
		tile := report.Tile{Name: strings.ToLower(status.String()), Value: strconv.Itoa(counts[status.String()])}
		if counts[status.String()] > 0 {
			tile.Grade = statusGrades[status.String()]
		}
		l.Tiles = append(l.Tiles, tile)
	}
	return l
}

// statusGrades colours the statuses. Who left said so, which is neither good
// nor bad.
var statusGrades = map[string]report.Grade{
	swim.Online.String(): report.Good, swim.Suspect.String(): report.Warn, swim.Offline.String(): report.Bad,
}

// owners tells who owns ?key=, and the next ones with ?count=.
func (p *statusPage) owners(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if !query.Has("key") && report.WantsHTML(r) {
		page := p.live(p.view())
		page.Question = &report.Question{}
		page.Answer(w, r, nil)
		return
	}
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
	case report.WantsJSON(r):
		report.WriteJSON(w, struct {
			Schema string     `json:"schema"`
			Key    string     `json:"key"`
			Nodes  []nodeView `json:"nodes"`
		}{"proxenos.select/v1", query.Get("key"), viewsOf(chosen, false)})
	case report.WantsHTML(r):
		page := p.live(p.view())
		page.Question = &report.Question{Asked: true, Key: query.Get("key")}
		for _, v := range viewsOf(chosen, true) {
			page.Question.Owners = append(page.Question.Owners, report.Owner{Name: v.ID, Addr: v.Address})
		}
		page.Answer(w, r, nil)
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
