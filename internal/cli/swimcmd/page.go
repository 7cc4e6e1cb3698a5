package swimcmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/report"
	"github.com/proxenos/proxenos/mapper/swim"
)

// statusPage shows a cluster over HTTP: the members at /, who owns a key at
// /select?key=, and whether this member lives and has company at /healthz and
// /readyz. Everything is a GET and changes nothing.
type statusPage struct {
	cluster   *swim.Cluster
	placement *place.Flags
	alone     bool // no peers were named, so being alone is being ready
	socket    net.Listener
	addr      string
}

// listenHTTP takes the page's address before there is anything to show, as an
// address that is taken is to be told of before anybody is joined. Without an
// address there is no page.
func listenHTTP(addr string) (*statusPage, error) {
	if addr == "" {
		return nil, nil
	}
	socket, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, term.Hint(fmt.Errorf("--http: %w", err), "another program listens there; give another port")
	case err != nil:
		return nil, term.Hint(fmt.Errorf("--http: %w", err), "want an address like 127.0.0.1:9911")
	}
	return &statusPage{socket: socket, addr: socket.Addr().String()}, nil
}

// close gives the address back.
func (p *statusPage) close() error {
	if p == nil {
		return nil
	}
	return p.socket.Close()
}

// serve serves until the context ends.
func (p *statusPage) serve(ctx context.Context, running *sync.WaitGroup) {
	server := &http.Server{
		Handler:           report.Guard(p.addr, p.routes()),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	running.Go(func() { _ = server.Serve(p.socket) })
	running.Go(func() {
		<-ctx.Done()
		_ = server.Close()
	})
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

// view is everybody, less the observers who are gone: each command that looks
// is one for a moment.
func (p *statusPage) view() []pageMember {
	members := slices.DeleteFunc(p.cluster.Members(), func(m swim.Member) bool {
		return m.Observer && !m.Local && !m.Status.In(swim.StatusAvailable)
	})
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
	if m.Observer || !m.Status.In(swim.StatusAvailable) {
		return 0
	}
	return m.Node().Capacity()
}

func (p *statusPage) members(w http.ResponseWriter, r *http.Request) {
	view := p.view()
	placed, err := p.place(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer := membersAnswer{Schema: "proxenos.swim.members/v1", Members: view}
	page := p.live(view)
	if placed != nil {
		answer.Algorithm, answer.Hash, answer.Checksum = placed.Algorithm, placed.Hash, placed.ChecksumText()
		page.Figures = figuresOf(&answer)
	}
	page.Answer(w, r, answer)
}

// membersAnswer is the page as JSON. Without anybody to choose there is no
// placement to tell of.
type membersAnswer struct {
	Schema    string       `json:"schema"`
	Members   []pageMember `json:"members"`
	Algorithm string       `json:"algorithm,omitempty"`
	Hash      string       `json:"hash,omitempty"`
	Checksum  string       `json:"checksum,omitempty"`
}

// figuresOf is what the page tells of the placement.
func figuresOf(a *membersAnswer) []report.Input {
	figures := []report.Input{{Name: "algorithm", Value: a.Algorithm}}
	if a.Hash != "" {
		figures = append(figures, report.Input{Name: "hash", Value: a.Hash})
	}
	return append(figures, report.Input{Name: "checksum", Value: a.Checksum + ": whoever shows the same agrees on every key"})
}

// renewEvery is how often a browser looks again.
const renewEvery = 3 * time.Second

// live is the page of these members.
func (p *statusPage) live(view []pageMember) *report.Live {
	l := &report.Live{
		Title: "Members of the cluster", Ask: "/select", Every: renewEvery,
		Placement: "Keys are placed by " + p.placement.AlgorithmName() + ". A share is what a member's weight gives it.",
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
	for _, status := range []swim.Status{swim.StatusOnline, swim.StatusSuspect, swim.StatusOffline, swim.StatusLeft} {
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
	swim.StatusOnline.String(): report.Good, swim.StatusSuspect.String(): report.Warn, swim.StatusOffline.String(): report.Bad,
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
	placed, err := p.place(r.Context())
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	case report.WantsHTML(r):
		page := p.live(p.view())
		page.Question = &report.Question{Asked: true, Key: query.Get("key")}
		for _, v := range answer.Of(placed, query.Get("key"), count, true).Nodes {
			page.Question.Owners = append(page.Question.Owners, report.Owner{Name: v.ID, Addr: v.Address})
		}
		page.Answer(w, r, nil)
	case placed == nil:
		http.Error(w, "nobody to choose", http.StatusNotFound)
	case report.WantsJSON(r):
		report.WriteJSON(w, answer.Of(placed, query.Get("key"), count, false))
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		for _, v := range answer.Of(placed, query.Get("key"), count, true).Nodes {
			_, _ = fmt.Fprintln(w, v.Address)
		}
	}
}

// place places keys on the members as they are now. It returns nil if there is
// nobody to choose.
func (p *statusPage) place(ctx context.Context) (*place.Placement, error) {
	nodes, err := p.cluster.Nodes(ctx)
	if err != nil || !place.AnyEligible(nodes) {
		return nil, err
	}
	return p.placement.Build(nodes)
}

// ready answers 503 while peers were named and none is there.
func (p *statusPage) ready(w http.ResponseWriter, _ *http.Request) {
	if !p.alone && len(p.cluster.Find(1, swim.StatusAvailable)) == 0 {
		http.Error(w, "no other member is available", http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprintln(w, "ok")
}
