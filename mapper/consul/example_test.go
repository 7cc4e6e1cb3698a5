package consul_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/proxenos/proxenos/mapper/consul"
)

// agent stands in for a Consul agent with two instances of web.
func agent() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[
			{"Node": {"Node": "n1", "Address": "10.0.0.1"}, "Service": {"ID": "web-1", "Service": "web", "Port": 80}},
			{"Node": {"Node": "n2", "Address": "10.0.0.2"}, "Service": {"ID": "web-1", "Service": "web", "Port": 80}}
		]`)
	}))
}

func ExampleNew() {
	agent := agent()
	defer agent.Close()

	source, err := consul.New(consul.Config{Addr: agent.URL, Service: "web"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer source.Close()
	nodes, err := source.Nodes(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range nodes {
		fmt.Println(n.Name, n.Addr)
	}
	// Output:
	// n1/web-1 10.0.0.1:80
	// n2/web-1 10.0.0.2:80
}

func ExampleSource_Nodes() {
	source, err := consul.New(consul.Config{Addr: "127.0.0.1:1", Service: "web"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer source.Close()
	_, err = source.Nodes(context.Background())
	var failed *consul.Error
	switch {
	case errors.Is(err, consul.ErrUnreachable) && errors.As(err, &failed):
		fmt.Println(failed.Hint())
	case errors.Is(err, consul.ErrPermission):
		fmt.Println("not allowed")
	}
	// Output: is an agent running there? CONSUL_HTTP_ADDR names another address
}

func ExampleSource_Ask() {
	agent := agent()
	defer agent.Close()

	source, err := consul.New(consul.Config{Addr: agent.URL, Service: "web", Consistency: consul.ConsistencyCached})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer source.Close()
	u, err := source.Ask(context.Background())
	fmt.Println(len(u.Nodes), u.Origin, u.Confirmed.IsZero(), err)
	// Output: 2 agent cache true <nil>
}

func ExampleSource_Watch() {
	agent := agent()
	defer agent.Close()

	source, err := consul.New(consul.Config{Addr: agent.URL, Service: "web"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer source.Close()
	for u := range source.Watch(context.Background()) {
		if u.Err != nil {
			fmt.Println("still trying:", u.Err)
			continue
		}
		fmt.Println(len(u.Nodes), "nodes")
		break // a program would go on until its context ends
	}
	// Output: 2 nodes
}

func ExampleSource_Explain() {
	agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Consul-LastContact", "0")
		w.Header().Set("X-Consul-KnownLeader", "true")
		fmt.Fprint(w, `[]`)
	}))
	defer agent.Close()

	source, err := consul.New(consul.Config{Addr: agent.URL, Service: "wbe"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer source.Close()
	if nodes, err := source.Nodes(context.Background()); err == nil && len(nodes) == 0 {
		fmt.Println(source.Explain(context.Background()))
	}
	// Output: Consul knows no service "wbe" <nil>
}

func ExampleIdentityMeta() {
	agent := agent()
	defer agent.Close()

	source, err := consul.New(consul.Config{Addr: agent.URL, Service: "web", Identity: consul.IdentityMeta("shard")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer source.Close()
	_, err = source.Nodes(context.Background())
	fmt.Println(errors.Is(err, consul.ErrIdentity))
	// Output: true
}
