package servecmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/connlimit"
	"github.com/proxenos/proxenos/internal/report"
)

const (
	maxConnections = 512
	maxWatchers    = 128 // of /watch, which hold their connections
	ioTimeout      = 10 * time.Second
	stopTimeout    = 10 * time.Second // for requests that run when the server stops
	maxBody        = 1 << 30
	maxHeader      = 64 << 10 // for a key in the URL
	headerTimeout  = 5 * time.Second
	idleTimeout    = time.Minute
)

var errNoNodes = term.WithCode(term.ErrNoNodes, errors.New("no nodes to choose from"))

// server answers requests about sets.
type server struct {
	listen   *listenOptions
	socket   net.Listener
	sets     []*set
	http     *http.Server
	limiter  *connlimit.Limiter
	watchers chan struct{} // holds a value for each request of /watch
	diffs    chan struct{} // holds a value while a request of /diff computes
	maxBody  int64         // of a request
	stopping context.Context
	stop     context.CancelFunc
}

// newServer returns a server on a listener. It does not accept connections yet.
func newServer(ctx context.Context, listen *listenOptions, socket net.Listener, sets []*set) (*server, error) {
	s := &server{
		listen: listen, socket: socket, sets: sets, maxBody: maxBody,
		watchers: make(chan struct{}, maxWatchers), diffs: make(chan struct{}, 1),
		limiter: connlimit.New(connlimit.Limits{Connections: maxConnections, FirstByte: headerTimeout}),
	}
	s.stopping, s.stop = context.WithCancel(ctx)
	handler, err := listen.guard(s.routes())
	if err != nil {
		return nil, err
	}
	host := socket.Addr().String()
	if listen.path() != "" {
		host = "localhost"
	}
	secured, err := listen.tls()
	if err != nil {
		return nil, err
	}
	s.http = &http.Server{
		Handler:           report.Guard(host, handler, listen.names(secured)...),
		TLSConfig:         secured,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       ioTimeout,
		WriteTimeout:      ioTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	s.http.RegisterOnShutdown(s.stop)
	return s, nil
}

// address returns where the server listens, as a URL if it has one.
func (s *server) address() string {
	switch {
	case s.listen.path() != "":
		return s.listen.address
	case s.http.TLSConfig != nil:
		return "https://" + s.socket.Addr().String() + "/"
	default:
		return "http://" + s.socket.Addr().String() + "/"
	}
}

// serve serves until the context ends. Then it lets running requests end.
func (s *server) serve(ctx context.Context, n *notifier) error {
	ended := make(chan error, 1)
	go func() {
		limited := s.limiter.Listener(s.socket)
		if s.http.TLSConfig != nil {
			ended <- s.http.ServeTLS(limited, "", "")
			return
		}
		ended <- s.http.Serve(limited)
	}()
	select {
	case err := <-ended:
		s.stop()
		return term.WithCode(term.ErrIO, err)
	case <-ctx.Done():
	}
	n.stopping()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := s.http.Shutdown(limit); err != nil {
		_ = s.http.Close()
	}
	s.limiter.Close()
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return term.WithCode(term.ErrIO, err)
	}
	return nil
}

// routes returns the handler of all paths.
func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, handle := range map[string]func(http.ResponseWriter, *http.Request, *set){
		"GET /select":  s.selectOne,
		"POST /select": s.selectMany,
		"GET /nodes":   s.nodes,
		"GET /diff":    s.diff,
		"GET /watch":   s.watch,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if len(s.sets) > 1 {
				http.Error(w, "there are several sets: /sets/NAME"+r.URL.Path+", where NAME is one of "+setNames(s.sets), http.StatusNotFound)
				return
			}
			handle(w, r, s.sets[0])
		})
		method, path := splitPattern(pattern)
		mux.HandleFunc(method+" /sets/{set}"+path, s.named(handle))
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { s.page(w, r, s.sets[0]) })
	mux.HandleFunc("GET /sets/{set}/{$}", s.named(s.page))
	mux.HandleFunc("GET /checksum", s.checksum)
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", s.ready)
	if len(s.sets) != 1 {
		return mux
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/select" { // needs no search for its route
			s.selectOne(w, r, s.sets[0])
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func splitPattern(pattern string) (method, path string) {
	for i, c := range pattern {
		if c == ' ' {
			return pattern[:i], pattern[i+1:]
		}
	}
	return "", pattern
}

// named returns a handler for the set in the path.
func (s *server) named(handle func(http.ResponseWriter, *http.Request, *set)) http.HandlerFunc {
	byName := map[string]*set{}
	for _, one := range s.sets {
		byName[one.name] = one
	}
	return func(w http.ResponseWriter, r *http.Request) {
		one, ok := byName[r.PathValue("set")]
		if !ok {
			http.Error(w, "no such set: there are "+setNames(s.sets), http.StatusNotFound)
			return
		}
		handle(w, r, one)
	}
}

// ready responds with 503 if a set is not ready. It names no causes, because it
// requires no token.
func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	for _, one := range s.sets {
		if err := one.unready(); err != nil {
			reason := "the nodes are too old"
			if errors.Is(err, term.ErrNoNodes) {
				reason = "no nodes to choose from"
			}
			http.Error(w, "set "+one.name+": "+reason, http.StatusServiceUnavailable)
			return
		}
	}
	_, _ = fmt.Fprintln(w, "ok")
}

// describe sets the headers that say what an answer is from: the age of the nodes
// during an outage, and the checksum of the placement.
func (s *set) describe(h http.Header, at *snapshot) {
	if at.header != nil {
		h["Proxenos-Checksum"] = at.header
	}
	if at.Err != nil {
		h["Age"] = []string{strconv.FormatInt(s.age(), 10)}
	}
}

// nodes responds with the nodes, in the form that -b http and -f read.
func (s *server) nodes(w http.ResponseWriter, r *http.Request, one *set) {
	at := one.current.Load()
	if !at.Answered() {
		http.Error(w, at.lack(), http.StatusServiceUnavailable)
		return
	}
	h := w.Header()
	one.describe(h, at)
	h.Set("Cache-Control", "no-cache")
	h["Etag"] = at.tag
	h.Set("Content-Type", "application/json")
	if r.Header.Get("If-None-Match") == at.tag[0] {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(at.list)
}
