// Package status serves the status of a node over HTTP:
//
//	/             the members and their states
//	/metrics      counters for Prometheus
//	/select?key=  the replicas of a key, the first one first
//	/healthz      200 while the process runs
//	/readyz       200 while the node serves and its clock agrees with the others'
//
// All requests are read-only GETs on loopback.
package status

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
)

// Page serves the status of one node.
type Page struct {
	Node *node.Node

	server  *http.Server
	serving sync.WaitGroup
}

// Listen serves at host:port, which must be on loopback, until Close. It returns
// the address that it listens on.
func (p *Page) Listen(ctx context.Context, addr string) (at string, err error) {
	if !OnLoopback(addr) {
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

// maxConns is how many connections are served at the same time. Further ones wait,
// for two seconds at most if the others are silent.
const maxConns = 64

// serve serves connections of the listener until Close.
func (p *Page) serve(l net.Listener) {
	places := make(chan struct{}, maxConns)
	p.server = &http.Server{
		Handler:           p.handler(),
		ReadHeaderTimeout: 2 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew: // before the next connection is accepted
				places <- struct{}{}
			case http.StateClosed:
				<-places
			}
		},
	}
	p.serving.Go(func() { _ = p.server.Serve(l) })
}

// Close stops serving. It does nothing if Listen was not called.
func (p *Page) Close() error {
	if p.server == nil {
		return nil
	}
	err := p.server.Close()
	p.serving.Wait()
	return err
}

func (p *Page) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		for _, m := range p.Node.Members() {
			_, _ = fmt.Fprintln(w, m.Name, m.State, m.Zone)
		}
	})
	mux.HandleFunc("GET /metrics", p.metrics)
	mux.HandleFunc("GET /select", func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if !query.Has("key") {
			http.Error(w, "key is missing: /select?key=user:42", http.StatusBadRequest)
			return
		}
		for _, name := range p.Node.Owners(query.Get("key")) {
			_, _ = fmt.Fprintln(w, name)
		}
	})
	ok := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") }
	mux.HandleFunc("GET /healthz", ok)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := p.Node.Ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		ok(w, r)
	})
	return guard(mux)
}

// guard rejects requests for other hosts, which a browser sends if the DNS of a site
// points at this server.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if origin := cmp.Or(r.Header.Get("Origin"), "http://"+r.Host); !OnLoopback(r.Host) || origin != "http://"+r.Host {
			http.Error(w, "cross-origin request rejected", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// OnLoopback reports whether the host of hostPort, which may lack a port, is localhost
// or a loopback address.
func OnLoopback(hostPort string) bool {
	host := (&url.URL{Host: hostPort}).Hostname()
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

func (p *Page) metrics(w http.ResponseWriter, _ *http.Request) {
	keys, err := p.Node.Count()
	if err != nil {
		http.Error(w, "cannot read the keys; see the node's log", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	metric := func(kind, name, help string, value int64) {
		_, _ = fmt.Fprintf(w, "# HELP proxenos_store_%[2]s %[3]s\n# TYPE proxenos_store_%[2]s %[1]s\nproxenos_store_%[2]s %[4]d\n", kind, name, help, value)
	}
	n := p.Node
	metric("gauge", "keys", "keys stored at this node", int64(keys))
	metric("gauge", "members", "members of the store, this node included", int64(len(n.Members())))
	metric("counter", "reads_total", "read requests", n.Reads.Load())
	metric("counter", "misses_total", "read requests for a missing key", n.Misses.Load())
	metric("counter", "writes_total", "write and delete requests", n.Writes.Load())
	metric("counter", "failures_total", "requests that too few replicas answered", n.Failures.Load())
	metric("counter", "read_repairs_total", "replicas updated by a read", n.ReadRepairs.Load())
	metric("counter", "received_total", "entries received from other nodes and clients", n.Received.Load())
	metric("counter", "ahead_total", "entries ignored by reads, as their times were too far ahead", n.Ahead.Load())
	metric("counter", "dropped_total", "entries dropped after they moved to other nodes", n.Dropped.Load())
}
