package ring_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring"
)

// Transport is an [http.RoundTripper] that sends a request to the node that owns its
// path, with a bound on the load of each node. If a node cannot be reached, the next
// one for the path gets the request.
type Transport struct {
	View *mapper.View[*ring.Balancer[mapper.Node]]
	Base http.RoundTripper
}

var errNoNode = errors.New("no node has room")

// RoundTrip sends the request. A request that is in flight counts as load until the
// caller closes the body of its response.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	tried := map[string]bool{}
	for err := errNoNode; ; {
		lease, ok := t.View.Value().AcquireFunc(req.URL.Path, func(n mapper.Node) bool { return !tried[n.Name] })
		if !ok {
			closeBody(req)
			return nil, err
		}
		var resp *http.Response
		resp, err = t.send(req, lease.Node())
		if err == nil {
			resp.Body = lease.ReleaseOnClose(resp.Body)
			return resp, nil
		}
		lease.Release()
		tried[lease.Node().Name] = true
		if !repeatable(req) || req.Context().Err() != nil {
			return nil, err
		}
	}
}

// send sends a copy of the request to a node.
func (t *Transport) send(req *http.Request, n mapper.Node) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.URL.Scheme, out.URL.Host = "http", n.Address()
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		closeBody(req)
		out.Body = body
	}
	return t.Base.RoundTrip(out)
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close() // the request is not sent
	}
}

// repeatable reports whether a request may be sent again: it changes nothing, and its
// body can be read again.
func repeatable(req *http.Request) bool {
	safe := req.Method == http.MethodGet || req.Method == http.MethodHead || req.Method == http.MethodOptions
	return safe && (req.Body == nil || req.Body == http.NoBody || req.GetBody != nil)
}

// get begins a download.
func get(client *http.Client, url string) (io.ReadCloser, error) {
	resp, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// An HTTP client sends each path to the node that owns it. Of six downloads of one
// popular path at once no node gets more than three. When the owner of a path dies, the
// next node serves it and no call fails.
func Example_roundTripper() {
	servers := map[string]*httptest.Server{}
	var nodes []mapper.Node
	for _, name := range []string{"cache-1", "cache-2", "cache-3"} {
		servers[name] = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, name, " has ", r.URL.Path)
		}))
		defer servers[name].Close()
		nodes = append(nodes, mapper.Node{Name: name, Addr: servers[name].Listener.Addr().String()})
	}
	source := mapper.Func(func(context.Context) ([]mapper.Node, error) { return nodes, nil }) // any source

	// The View calls the function of BuildBalancer on each change of the nodes. With a
	// bound of 1.5 two of three nodes have room for the load of one that is dead.
	view, err := mapper.Follow(context.Background(), source,
		ring.BuildBalancer(ring.Build[mapper.Node], ring.BalancerConfig[mapper.Node]{Bound: 1.5}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer view.Close()
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	client := &http.Client{Transport: &Transport{view, base}}

	var downloads []io.ReadCloser
	for range 6 {
		body, err := get(client, "http://cache/popular")
		if err != nil {
			fmt.Println(err)
			return
		}
		downloads = append(downloads, body)
	}
	fmt.Println("in flight:", view.Value().Loads())
	for _, body := range downloads {
		_ = body.Close()
	}
	fmt.Println("closed:   ", view.Value().Loads())

	for range 2 {
		body, err := get(client, "http://cache/users/42")
		if err != nil {
			fmt.Println(err)
			return
		}
		text, _ := io.ReadAll(body)
		_ = body.Close()
		fmt.Println(string(text))
		owner, _, _ := strings.Cut(string(text), " ")
		servers[owner].CloseClientConnections()
		servers[owner].Close()
	}
	fmt.Println("idle:     ", view.Value().Loads())
	// Output:
	// in flight: map[cache-1:3 cache-2:3 cache-3:0]
	// closed:    map[cache-1:0 cache-2:0 cache-3:0]
	// cache-1 has /users/42
	// cache-2 has /users/42
	// idle:      map[cache-1:0 cache-2:0 cache-3:0]
}
