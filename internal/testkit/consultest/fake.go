package consultest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
)

// Query is one request to a Fake.
type Query struct {
	N       int           // the number of earlier queries
	Path    string        // without /v1, such as /health/service/web
	Values  url.Values    // all parameters
	Token   string        // the ACL token
	Index   uint64        // of a blocking query; 0 if the query does not block
	Wait    time.Duration // the maximum time to block
	Context context.Context
}

// Blocking reports whether the query waits for a change.
func (q Query) Blocking() bool { return q.Index > 0 }

// Reply is the response to one query. The zero value is an empty list with index
// 0 from an agent that knows a leader.
type Reply struct {
	Index    uint64
	Body     any           // encoded as JSON; nil is an empty list
	Status   int           // the HTTP status; 0 is 200
	Text     string        // the literal body, instead of Body
	After    time.Duration // the delay of the response
	Hang     bool          // never respond
	Cut      bool          // close the connection in the middle of the body
	Refuse   bool          // refuse the connection; supported by RoundTrip only
	NoLeader bool          // X-Consul-KnownLeader: false
	Filtered bool          // X-Consul-Results-Filtered-By-ACLs: true
	Deny     bool          // X-Consul-Default-ACL-Policy: deny

	LastContact time.Duration // the time since the server last heard from the leader
}

// Fake is an agent whose replies come from a script: errors, an index that goes
// backwards, hanging and truncated responses. It is an [http.Handler], and an
// [http.RoundTripper] for clients in a testing/synctest bubble, which have no
// network. It is safe for concurrent use.
type Fake struct {
	script func(Query) Reply

	mu      sync.Mutex
	queries []Query
}

// NewFake returns a fake that calls script for each query. The script may block.
// It is called concurrently for concurrent queries.
func NewFake(script func(Query) Reply) *Fake { return &Fake{script: script} }

// Replies returns a script that returns the replies in turn and then hangs.
func Replies(replies ...Reply) func(Query) Reply {
	return func(q Query) Reply {
		if q.N < len(replies) {
			return replies[q.N]
		}
		return Reply{Hang: true}
	}
}

// Queries returns all queries so far.
func (f *Fake) Queries() []Query {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Query(nil), f.queries...)
}

// Serve listens on 127.0.0.1 until the test ends, and returns the address.
func (f *Fake) Serve(tb testing.TB) string {
	s := httptest.NewServer(f)
	tb.Cleanup(func() {
		s.CloseClientConnections() // a hanging query would hold up Close
		s.Close()
	})
	return s.Listener.Addr().String()
}

// Client returns an API client that uses the fake as its transport.
func (f *Fake) Client(tb testing.TB) *api.Client {
	tb.Helper()
	c, err := api.NewClient(&api.Config{Address: "fake", Scheme: "http", HttpClient: &http.Client{Transport: f}})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// reply records the query and returns the reply of the script.
func (f *Fake) reply(r *http.Request) Reply {
	v := r.URL.Query()
	q := Query{Path: strings.TrimPrefix(r.URL.Path, "/v1"), Values: v, Token: r.Header.Get("X-Consul-Token"), Context: r.Context()}
	q.Index, _ = strconv.ParseUint(v.Get("index"), 10, 64) // absent is 0
	q.Wait, _ = time.ParseDuration(v.Get("wait"))          // likewise
	f.mu.Lock()
	q.N = len(f.queries)
	f.queries = append(f.queries, q)
	f.mu.Unlock()
	return f.script(q)
}

// pause delays the response. It returns false if the context ends first.
func (a Reply) pause(ctx context.Context) bool {
	var due <-chan time.Time
	if !a.Hang {
		timer := time.NewTimer(a.After)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-due:
		return true
	case <-ctx.Done():
		return false
	}
}

func (a Reply) header() http.Header {
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("X-Consul-Index", strconv.FormatUint(a.Index, 10))
	h.Set("X-Consul-LastContact", strconv.FormatInt(a.LastContact.Milliseconds(), 10))
	h.Set("X-Consul-KnownLeader", strconv.FormatBool(!a.NoLeader))
	if a.Filtered {
		h.Set("X-Consul-Results-Filtered-By-ACLs", "true")
	}
	if a.Deny {
		h.Set("X-Consul-Default-ACL-Policy", "deny")
	}
	return h
}

func (a Reply) body() []byte {
	switch {
	case a.Text != "":
		return []byte(a.Text)
	case a.Body == nil:
		return []byte("[]")
	}
	b, err := json.Marshal(a.Body)
	if err != nil {
		panic(err) // the test's Body does not marshal
	}
	return b
}

func (a Reply) status() int {
	if a.Status == 0 {
		return http.StatusOK
	}
	return a.Status
}

// ServeHTTP implements [http.Handler].
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := f.reply(r)
	if !a.pause(r.Context()) {
		return
	}
	body := a.body()
	for k, v := range a.header() {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status())
	if a.Cut {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body) // the client may have disconnected
}

// RoundTrip implements [http.RoundTripper].
func (f *Fake) RoundTrip(r *http.Request) (*http.Response, error) {
	a := f.reply(r)
	if !a.pause(r.Context()) {
		return nil, context.Cause(r.Context())
	}
	if a.Refuse {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	body := a.body()
	var reader io.Reader = bytes.NewReader(body)
	if a.Cut {
		reader = io.MultiReader(bytes.NewReader(body[:len(body)/2]), broken{})
	}
	return &http.Response{
		StatusCode: a.status(), Header: a.header(), Request: r,
		ContentLength: int64(len(body)), Body: io.NopCloser(reader),
	}, nil
}

// broken is the missing rest of a truncated body.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Entry returns an instance of the service web as the health endpoint lists it.
func Entry(node, id, address string, port int, status string) *api.ServiceEntry {
	return &api.ServiceEntry{
		Node:    &api.Node{Node: node, Address: address},
		Service: &api.AgentService{ID: id, Service: "web", Port: port},
		Checks:  api.HealthChecks{{Node: node, CheckID: checkOf(id), ServiceID: id, Status: status}},
	}
}
