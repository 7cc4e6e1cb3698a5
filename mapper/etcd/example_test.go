package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/proxenos/proxenos/mapper/etcd"
)

// server stands in for an etcd server with two keys below /web/.
func server() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the end of the client goes unnoticed
		if r.URL.Path != "/v3/kv/range" {
			<-r.Context().Done() // nothing changes
			return
		}
		fmt.Fprint(w, `{"header": {"cluster_id": "1", "revision": "7"}, "kvs": [
			{"key": "L3dlYi93ZWItMQ==", "value": "MTAuMC4wLjE6ODA="},
			{"key": "L3dlYi93ZWItMg==", "value": "MTAuMC4wLjI6ODA="}
		]}`)
	}))
}

func ExampleNew() {
	server := server()
	defer server.Close()

	source, err := etcd.New(etcd.Config{Endpoints: []string{server.URL}, Prefix: "/web/"})
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
		fmt.Println(n.Name, n.Addr)
	}
	// Output:
	// web-1 10.0.0.1:80
	// web-2 10.0.0.2:80
}

func ExampleSource_Nodes() {
	source, err := etcd.New(etcd.Config{Endpoints: []string{"127.0.0.1:1"}, Prefix: "/web/"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = source.Nodes(context.Background())
	switch {
	case errors.Is(err, etcd.ErrUnreachable):
		fmt.Println("no server answers")
	case errors.Is(err, etcd.ErrPermission):
		fmt.Println("not allowed")
	}
	// Output: no server answers
}

func ExampleSource_Ask() {
	server := server()
	defer server.Close()

	source, err := etcd.New(etcd.Config{Endpoints: []string{server.URL}, Prefix: "/web/"})
	if err != nil {
		fmt.Println(err)
		return
	}
	u, err := source.Ask(context.Background())
	fmt.Println(len(u.Nodes), u.Origin, u.Partial(), err)
	// Output: 2 live <nil> <nil>
}

func ExampleSource_Watch() {
	server := server()
	defer server.Close()

	source, err := etcd.New(etcd.Config{Endpoints: []string{server.URL}, Prefix: "/web/"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for u := range source.Watch(context.Background()) {
		fmt.Println(len(u.Nodes), u.Err)
		break // or go on: the next update follows a change
	}
	// Output: 2 <nil>
}
