package ring_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring"
)

// A reverse proxy sends each path to its own backend, with a bound on the load of each
// and a retry at the next one. When web-1 dies only its paths move. Transport, which
// chooses the host, is that of the example RoundTripper.
func Example_reverseProxy() {
	backends := map[string]*httptest.Server{}
	var nodes []mapper.Node
	for _, name := range []string{"web-1", "web-2", "web-3"} {
		backends[name] = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, name, " serves ", r.URL.Path)
		}))
		defer backends[name].Close()
		nodes = append(nodes, mapper.Node{Name: name, Addr: backends[name].Listener.Addr().String()})
	}
	source := mapper.Func(func(context.Context) ([]mapper.Node, error) { return nodes, nil }) // any source
	view, err := mapper.Follow(context.Background(), source,
		ring.BuildBalancer(ring.Build[mapper.Node], ring.BalancerConfig[mapper.Node]{Bound: 1.5}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer view.Close()
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetXForwarded() },
		Transport: &Transport{view, base},
	})
	defer proxy.Close()

	get := func(path string) {
		resp, err := proxy.Client().Get(proxy.URL + path)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		fmt.Println(resp.StatusCode, string(text))
	}
	get("/users/1")
	get("/users/2")
	get("/users/5")
	backends["web-1"].Close()
	get("/users/1")
	get("/users/2")
	get("/users/5")
	// Output:
	// 200 web-1 serves /users/1
	// 200 web-2 serves /users/2
	// 200 web-3 serves /users/5
	// 200 web-2 serves /users/1
	// 200 web-2 serves /users/2
	// 200 web-3 serves /users/5
}
