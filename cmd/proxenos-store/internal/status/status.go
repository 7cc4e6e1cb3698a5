// Package status serves the status of a node over HTTP, at the paths of
// `proxenos swim run`:
//
//	/             members and counters, as HTML or JSON
//	/metrics      the counters for Prometheus
//	/select?key=  the replicas of a key
//	/healthz      200 while the process runs
//	/readyz       200 while the node serves and its clock agrees with the others'
//
// All requests are read-only GETs on loopback. This is the only package of the
// example that imports internal packages of the module: internal/report, which
// renders the page, and internal/connlimit, which bounds its connections.
package status

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/internal/connlimit"
	"github.com/proxenos/proxenos/internal/report"
)

// Page serves the status of one node.
type Page struct {
	Node *node.Node

	server  *http.Server
	limiter *connlimit.Limiter
	serving sync.WaitGroup
}

// limits bound the connections to the page.
var limits = connlimit.Limits{Connections: 64, FirstByte: 2 * time.Second}

// Listen serves at host:port, which must be on loopback, until Close. It returns
// the address that it listens on.
func (p *Page) Listen(ctx context.Context, addr string) (at string, err error) {
	if !report.OnLoopback(addr) {
		return "", fmt.Errorf("status page %q: want a loopback address such as 127.0.0.1:9980; use a proxy to publish it elsewhere", addr)
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	p.serve(l)
	return l.Addr().String(), nil
}

// serve serves connections of the listener until Close.
func (p *Page) serve(l net.Listener) {
	p.server = &http.Server{
		Handler:        p.Handler(),
		ReadTimeout:    5 * time.Second,
		WriteTimeout:   10 * time.Second,
		IdleTimeout:    time.Minute,
		MaxHeaderBytes: 16 << 10,
	}
	p.limiter = connlimit.New(limits)
	p.serving.Go(func() { _ = p.server.Serve(p.limiter.Listener(l)) })
}

// Close stops serving. It does nothing if Listen was not called.
func (p *Page) Close() error {
	if p.server == nil {
		return nil
	}
	err := p.server.Close()
	p.limiter.Close()
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
	return report.Guard("localhost", mux)
}

// figure is a counter or gauge.
type figure struct {
	name, help, kind string
	value            int64
}

// figures returns the counters and gauges. It scans all keys to count them.
func (p *Page) figures() ([]figure, error) {
	keys, err := p.Node.Count()
	n := p.Node
	return []figure{
		{"keys", "keys stored at this node", "gauge", int64(keys)},
		{"members", "members of the store, this node included", "gauge", int64(len(n.Members()))},
		{"reads_total", "read requests", "counter", n.Reads.Load()},
		{"misses_total", "read requests for a missing key", "counter", n.Misses.Load()},
		{"writes_total", "write and delete requests", "counter", n.Writes.Load()},
		{"failures_total", "requests that too few replicas answered", "counter", n.Failures.Load()},
		{"read_repairs_total", "replicas updated by a read", "counter", n.ReadRepairs.Load()},
		{"received_total", "entries received from other nodes and clients", "counter", n.Received.Load()},
		{"ahead_total", "entries ignored by reads, as their times were too far ahead", "counter", n.Ahead.Load()},
		{"dropped_total", "entries dropped after they moved to other nodes", "counter", n.Dropped.Load()},
	}, err
}

func (p *Page) metrics(w http.ResponseWriter, _ *http.Request) {
	figures, err := p.figures()
	if err != nil {
		http.Error(w, "cannot read the keys; see the node's log", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	for _, f := range figures {
		name := "proxenos_store_" + f.name
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n%s %d\n", name, f.help, name, f.kind, name, f.value)
	}
}

func (p *Page) ready(w http.ResponseWriter, _ *http.Request) {
	if err := p.Node.Ready(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}
