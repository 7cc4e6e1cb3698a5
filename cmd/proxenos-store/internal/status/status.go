// Package status shows a node over HTTP: the members and what the node has done
// at /, the same for Prometheus at /metrics, the replicas of a key at
// /select?key=, and whether the node lives and serves at /healthz and /readyz:
// the paths of `proxenos swim run`. Everything is a GET and changes nothing, and
// it is served on loopback only.
package status

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
)

// Page shows one node.
type Page struct {
	Node *node.Node

	server  *http.Server
	serving sync.WaitGroup
}

// Listen serves at host:port, which must be on loopback, until Close. It
// returns where.
func (p *Page) Listen(ctx context.Context, addr string) (at string, err error) {
	if !onLoopback(addr) {
		return "", fmt.Errorf("status page %q: want an address of loopback, such as 127.0.0.1:9980; a proxy can show it elsewhere", addr)
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	p.server = &http.Server{
		Handler:        p.Handler(),
		ReadTimeout:    5 * time.Second,
		WriteTimeout:   10 * time.Second,
		IdleTimeout:    time.Minute,
		MaxHeaderBytes: 16 << 10,
	}
	p.serving.Go(func() { _ = p.server.Serve(l) })
	return l.Addr().String(), nil
}

// Close ends what Listen began.
func (p *Page) Close() error {
	if p.server == nil {
		return nil
	}
	err := p.server.Close()
	p.serving.Wait()
	return err
}

// Handler returns the page as a handler.
func (p *Page) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.overview)
	mux.HandleFunc("GET /metrics", p.metrics)
	mux.HandleFunc("GET /select", p.owners)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", p.ready)
	return guarded(mux)
}

// guarded refuses what a page of somebody else made a browser send: only names
// of loopback are answered to.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		if origin := r.Header.Get("Origin"); !onLoopback(r.Host) || origin != "" && origin != "http://"+r.Host {
			http.Error(w, "this page is served to its own address only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func onLoopback(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = strings.Trim(hostPort, "[]")
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// figure is one counter or gauge.
type figure struct {
	name, help, kind string
	value            int64
}

// figures lists what is counted. Keys are counted by reading all of them.
func (p *Page) figures() ([]figure, error) {
	keys, err := p.Node.Count()
	n := p.Node
	return []figure{
		{"keys", "keys held here, copies of others' included", "gauge", int64(keys)},
		{"members", "members that this node knows, itself included", "gauge", int64(len(n.Members()))},
		{"reads_total", "requests to read", "counter", n.Reads.Load()},
		{"misses_total", "requests to read a key that is not there", "counter", n.Misses.Load()},
		{"writes_total", "requests to write or delete", "counter", n.Writes.Load()},
		{"failures_total", "requests that too few replicas answered", "counter", n.Failures.Load()},
		{"mended_total", "replicas that a read brought up to date", "counter", n.Mended.Load()},
		{"taken_total", "entries taken from other nodes and from writers", "counter", n.Taken.Load()},
		{"dropped_total", "entries deleted here because they belong elsewhere", "counter", n.Handed.Load()},
	}, err
}

func (p *Page) overview(w http.ResponseWriter, r *http.Request) {
	figures, err := p.figures()
	if err != nil {
		http.Error(w, "cannot read the keys; the node's log says more", http.StatusInternalServerError)
		return
	}
	view, _ := p.Node.View(r.Context()) // never fails
	counts := map[string]int64{}
	for _, f := range figures {
		counts[f.name] = f.value
	}
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(map[string]any{"state": p.Node.State(), "members": view, "figures": counts})
}

func (p *Page) metrics(w http.ResponseWriter, _ *http.Request) {
	figures, err := p.figures()
	if err != nil {
		http.Error(w, "cannot read the keys; the node's log says more", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	for _, f := range figures {
		name := "proxenos_store_" + f.name
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n%s %d\n", name, f.help, name, f.kind, name, f.value)
	}
}

func (p *Page) owners(w http.ResponseWriter, r *http.Request) {
	if !r.URL.Query().Has("key") {
		http.Error(w, "key is missing: /select?key=user:42", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for _, name := range p.Node.Owners(r.URL.Query().Get("key")) {
		fmt.Fprintln(w, name)
	}
}

func (p *Page) ready(w http.ResponseWriter, _ *http.Request) {
	if state := p.Node.State(); state != node.Serving {
		http.Error(w, string(state), http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}
