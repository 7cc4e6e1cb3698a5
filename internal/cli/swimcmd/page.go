package swimcmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/member"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/connlimit"
	"github.com/proxenos/proxenos/internal/report"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/swim"
)

// statusPage serves the state of a cluster over HTTP: the members at /, the owners
// of a key at /select?key=, and the health of this member at /healthz and /readyz.
// It only accepts GET and changes nothing.
type statusPage struct {
	cluster   *swim.Cluster
	algorithm string
	placement *placementCache
	alone     bool // no peers were given, so this member is ready without others
	socket    net.Listener
	given     string // the address as given
	addr      string
}

// pageLimits bound the connections to the page.
var pageLimits = connlimit.Limits{Connections: 64, FirstByte: 2 * time.Second}

// listenHTTP listens on the address of the page, or returns nil if it is empty.
// It is called before joining, so that an error prevents the member from joining.
func listenHTTP(addr string) (*statusPage, error) {
	if addr == "" {
		return nil, nil
	}
	socket, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, term.Hint(fmt.Errorf("--http: %w", err), "another program uses that port; give another one")
	case err != nil:
		return nil, term.Hint(fmt.Errorf("--http: %w", err), "give an address such as 127.0.0.1:9911")
	}
	return &statusPage{socket: socket, given: addr, addr: socket.Addr().String()}, nil
}

// show sets the cluster that the page shows, and how it places keys.
func (p *statusPage) show(cluster *swim.Cluster, placement *place.Flags) {
	limited := member.Limit(cluster)
	p.cluster, p.algorithm = cluster, placement.AlgorithmName()
	p.placement = newPlacementCache(func(ctx context.Context) ([]mapper.Node, error) {
		set, err := limited.Ask(ctx) // a partial set is placed, too
		return set.Nodes, err
	}, placement.Build)
}

// close stops listening.
func (p *statusPage) close() error {
	if p == nil {
		return nil
	}
	return p.socket.Close()
}

// logStart logs where the page is, and warns if other machines can read it.
func (p *statusPage) logStart(log *slog.Logger) {
	log.Info("serving the status page", "url", "http://"+p.addr+"/")
	if !report.OnLoopback(p.addr) {
		log.Warn("the status page has no access control: every client that reaches it can read the members and their metadata", "address", p.addr)
	}
}

// serve serves until the context ends.
func (p *statusPage) serve(ctx context.Context, running *sync.WaitGroup) {
	limiter := connlimit.New(pageLimits)
	server := &http.Server{
		Handler:           p.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	running.Go(func() { _ = server.Serve(limiter.Listener(p.socket)) })
	running.Go(func() {
		<-ctx.Done()
		_ = server.Close()
		limiter.Close()
	})
}

func (p *statusPage) handler() http.Handler { return report.Guard(p.addr, p.routes(), p.given) }

func (p *statusPage) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.members)
	mux.HandleFunc("GET /select", p.owners)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", p.ready)
	return mux
}

// pageMember is the form of a member on the page and in its JSON.
type pageMember struct {
	memberView
	Local bool    `json:"local,omitzero"`
	Share float64 `json:"share"` // the fraction of keys that its weight calls for
}

// word returns the status as text.
func (m pageMember) word() string {
	if m.Observer {
		return m.Status + " (observer)"
	}
	return m.Status
}

// Text returns the metadata in one line.
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

// view returns all members except for observers that are gone: commands such as
// swim members are observers for a moment.
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

// candidateWeight returns the weight of a member in placement.
func candidateWeight(m swim.Member) float64 {
	if m.Observer || !m.Status.In(swim.StatusAvailable) {
		return 0
	}
	return min(m.Node().Capacity(), member.MaxWeight)
}

func (p *statusPage) members(w http.ResponseWriter, r *http.Request) {
	view := p.view()
	placed, err := p.placement.get(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer := membersAnswer{Schema: "proxenos.swim.members/v1", Members: view}
	page := p.live(view)
	if placed != nil {
		answer.Algorithm, answer.Hash, answer.Checksum = placed.Algorithm, placed.Hash, placed.ChecksumText()
		answer.Addresses = place.AddressChecksum(placed.Nodes)
		page.Figures = figuresOf(&answer)
	}
	page.Answer(w, r, answer)
}

// membersAnswer is the JSON form of the page. The placement is absent if no
// member can own keys.
type membersAnswer struct {
	Schema    string       `json:"schema"`
	Members   []pageMember `json:"members"`
	Algorithm string       `json:"algorithm,omitempty"`
	Hash      string       `json:"hash,omitempty"`
	Checksum  string       `json:"checksum,omitempty"`
	Addresses string       `json:"address_checksum,omitempty"`
}

// figuresOf returns the details of the placement for the page.
func figuresOf(a *membersAnswer) []report.Input {
	figures := []report.Input{{Name: "algorithm", Value: a.Algorithm}}
	if a.Hash != "" {
		figures = append(figures, report.Input{Name: "hash", Value: a.Hash})
	}
	return append(figures,
		report.Input{Name: "checksum", Value: a.Checksum + ": members with the same checksum agree on the ID of the owner of every key"},
		report.Input{Name: "address checksum", Value: a.Addresses + ": if they have the same one too, they agree on its address"})
}

// refreshInterval is how often browsers refresh the page.
const refreshInterval = 3 * time.Second

// live returns the page of the members.
func (p *statusPage) live(view []pageMember) *report.Live {
	l := &report.Live{
		Program: "proxenos " + term.ReadBuild().Version,
		Title:   "Members of the cluster", Ask: "/select", Every: refreshInterval,
		Placement: "Keys are placed by " + p.algorithm + ". Shares are in proportion to weights, of which the greatest is " + term.Number(member.MaxWeight) + ".",
	}
	counts := map[string]int{}
	for _, m := range view {
		counts[m.Status]++
		if m.Local {
			l.Lead = "As seen by " + m.Name + "."
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

// statusGrades colors the statuses. Leaving is neither good nor bad.
var statusGrades = map[string]report.Grade{
	swim.StatusOnline.String(): report.Good, swim.StatusSuspect.String(): report.Warn, swim.StatusOffline.String(): report.Bad,
}

// owners responds with the owners of ?key=, as many as ?count=.
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
			http.Error(w, "count must be an integer from 1", http.StatusBadRequest)
			return
		}
		count = n
	}
	if !query.Has("key") {
		http.Error(w, "parameter key is missing, as in /select?key=user:42", http.StatusBadRequest)
		return
	}
	placed, err := p.placement.get(r.Context())
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
		http.Error(w, "no nodes to choose from", http.StatusNotFound)
	case report.WantsJSON(r):
		report.WriteJSON(w, answer.Of(placed, query.Get("key"), count, false))
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		for _, v := range answer.Of(placed, query.Get("key"), count, true).Nodes {
			_, _ = fmt.Fprintln(w, v.Address)
		}
	}
}

// ready responds with 503 if peers were given and no other member is available.
func (p *statusPage) ready(w http.ResponseWriter, _ *http.Request) {
	if !p.alone && len(p.cluster.Find(1, swim.StatusAvailable)) == 0 {
		http.Error(w, "no other member is available", http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprintln(w, "ok")
}
