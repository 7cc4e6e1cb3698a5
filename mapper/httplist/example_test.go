package httplist_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/proxenos/proxenos/mapper/httplist"
	"github.com/proxenos/proxenos/mapper/static"
)

// server serves a list of two nodes.
func server() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"schema": "proxenos.nodes/v1", "nodes": [{"id": "web-1", "address": "10.0.0.1:80"}, {"id": "web-2"}]}`)
	}))
}

func ExampleNew() {
	server := server()
	defer server.Close()

	source, err := httplist.New(httplist.Config{URL: server.URL, Parse: static.Parse})
	if err != nil {
		fmt.Println(err)
		return
	}
	nodes, err := source.Nodes(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range nodes {
		fmt.Println(n.Name, n.Address())
	}
	// Output:
	// web-1 10.0.0.1:80
	// web-2 web-2
}

func ExampleSource_Nodes() {
	source, err := httplist.New(httplist.Config{URL: "http://127.0.0.1:1/nodes", Parse: static.Parse})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = source.Nodes(context.Background())
	fmt.Println(errors.Is(err, httplist.ErrUnreachable))
	// Output: true
}

func ExampleSource_Ask() {
	server := server()
	defer server.Close()

	source, err := httplist.New(httplist.Config{URL: server.URL, Parse: static.Parse})
	if err != nil {
		fmt.Println(err)
		return
	}
	u, err := source.Ask(context.Background())
	fmt.Println(len(u.Nodes), u.Origin, err)
	// Output: 2 live <nil>
}
