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
	N       int           // how many there were before it, from 0
	Path    string        // without /v1, such as /health/service/web
	Values  url.Values    // all parameters
	Token   string        // the ACL token
	Index   uint64        // the index to wait beyond; 0 asks for an answer at once
	Wait    time.Duration // how long at most
	Context context.Context
}

// Blocking reports whether the query waits for a change.
func (q Query) Blocking() bool { return q.Index > 0 }

// Reply is the answer to one query. Its zero value is an empty list, from an
// agent that knows a leader, with index 0.
type Reply struct {
	Index    uint64
	Body     any           // encoded as JSON; nil is an empty list
	Status   int           // 0 is 200
	Text     string        // the body as it is, instead of Body
	After    time.Duration // answers so much later
	Hang     bool          // never answers
	Cut      bool          // closes the connection in the middle of the body
	Refuse   bool          // nobody listens; to RoundTrip only
	NoLeader bool          // X-Consul-KnownLeader: false
	Filtered bool          // X-Consul-Results-Filtered-By-ACLs: true
	Deny     bool          // X-Consul-Default-ACL-Policy: deny

	LastContact time.Duration // how long the server has been without its leader
}

// Fake answers like an agent, with what its script says: index going back,
// refusals, hanging, half an answer. It serves HTTP, and it is a transport
// for clients inside a testing/synctest bubble, where there is no network.
type Fake struct {
	script func(Query) Reply

	mu      sync.Mutex
	queries []Query
}

// NewFake makes a fake of a script, which is called once for each query. It may
// wait for something, and is called for several queries at once if there are.
func NewFake(script func(Query) Reply) *Fake { return &Fake{script: script} }

// Replies is the script that gives the replies in turn and then hangs.
func Replies(replies ...Reply) func(Query) Reply {
	return func(q Query) Reply {
		if q.N < len(replies) {
			return replies[q.N]
		}
		return Reply{Hang: true}
	}
}

// Queries returns the queries there were so far.
func (f *Fake) Queries() []Query {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Query(nil), f.queries...)
}

// Serve listens on loopback until the test ends, and returns the address.
func (f *Fake) Serve(tb testing.TB) string {
	s := httptest.NewServer(f)
	tb.Cleanup(func() {
		s.CloseClientConnections() // a hanging query would hold up Close
		s.Close()
	})
	return s.Listener.Addr().String()
}

// Client returns a client of the API that reaches the fake without a network.
func (f *Fake) Client(tb testing.TB) *api.Client {
	tb.Helper()
	c, err := api.NewClient(&api.Config{Address: "fake", Scheme: "http", HttpClient: &http.Client{Transport: f}})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// note records the query and asks the script.
func (f *Fake) note(r *http.Request) Reply {
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

// pause holds the answer back, and reports whether it is still wanted.
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
		panic(err) // the test's own value
	}
	return b
}

func (a Reply) status() int {
	if a.Status == 0 {
		return http.StatusOK
	}
	return a.Status
}

// ServeHTTP answers over a connection.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := f.note(r)
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
		_, _ = w.Write(body[:len(body)/2]) // the client is to see half of it
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body) // a client that went away is the test's own
}

// RoundTrip answers without a connection.
func (f *Fake) RoundTrip(r *http.Request) (*http.Response, error) {
	a := f.note(r)
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

// broken is the rest of a body that never comes.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Entry is one instance in the answer of the health endpoint.
func Entry(node, id, address string, port int, status string) *api.ServiceEntry {
	return &api.ServiceEntry{
		Node:    &api.Node{Node: node, Address: address},
		Service: &api.AgentService{ID: id, Service: "web", Port: port},
		Checks:  api.HealthChecks{{Node: node, CheckID: checkOf(id), ServiceID: id, Status: status}},
	}
}
