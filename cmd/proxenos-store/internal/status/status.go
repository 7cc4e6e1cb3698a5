// Package status shows a node over HTTP, at the paths of `proxenos swim run` and
// on the same page: the members and what the node has done at /, for browsers and
// as JSON, the same for Prometheus at /metrics, the replicas of a key at
// /select?key=, and whether the node lives and serves at /healthz and /readyz.
// Everything is a GET and changes nothing, and it is served on loopback only.
//
// It is the only part of the example that uses something internal: the page is
// drawn by internal/report, as that of the command is.
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
	"github.com/proxenos/proxenos/internal/report"
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
	if !report.OnLoopback(addr) {
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
	return report.Guard("localhost", mux)
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

func (p *Page) ready(w http.ResponseWriter, _ *http.Request) {
	if state := p.Node.State(); state != node.Serving {
		http.Error(w, string(state), http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}
