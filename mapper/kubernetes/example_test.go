package kubernetes_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/proxenos/proxenos/mapper/kubernetes"
)

// apiServer stands in for an API server with two pods behind the Service web.
func apiServer() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("watch") {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return
		}
		fmt.Fprint(w, `{"kind": "EndpointSliceList", "metadata": {"resourceVersion": "7"}, "items": [{
			"metadata": {"name": "web-x1", "uid": "u1", "labels": {"kubernetes.io/service-name": "web"}},
			"addressType": "IPv4", "ports": [{"name": "http", "port": 8080}],
			"endpoints": [
				{"addresses": ["10.0.0.1"], "zone": "a", "targetRef": {"kind": "Pod", "name": "web-0"}},
				{"addresses": ["10.0.0.2"], "zone": "b", "targetRef": {"kind": "Pod", "name": "web-1"}}
			]}]}`)
	}))
}

func open(c kubernetes.Config) (*kubernetes.Source, func()) {
	server := apiServer()
	c.Service, c.Server, c.Client = "web", server.URL, server.Client()
	source, err := kubernetes.New(c)
	if err != nil {
		panic(err) // the configuration of an example
	}
	return source, func() { server.CloseClientConnections(); server.Close() }
}

func ExampleNew() {
	// In a pod, or with a kubeconfig file, the Service is enough:
	//	kubernetes.New(kubernetes.Config{Service: "web"})
	server := apiServer()
	defer server.Close()
	source, err := kubernetes.New(kubernetes.Config{Service: "web", Server: server.URL, Client: server.Client()})
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
		fmt.Println(n.Name, n.Addr, n.Zone)
	}
	// Output:
	// web-0 10.0.0.1:8080 a
	// web-1 10.0.0.2:8080 b
}

func ExampleSource_Nodes() {
	source, err := kubernetes.New(kubernetes.Config{Service: "web", Server: "http://127.0.0.1:1", Client: http.DefaultClient})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer source.Close()
	_, err = source.Nodes(context.Background())
	var failed *kubernetes.Error
	switch {
	case errors.Is(err, kubernetes.ErrPermission) && errors.As(err, &failed):
		fmt.Println("missing:", failed.Verb, failed.Resource)
	case errors.Is(err, kubernetes.ErrUnreachable) && errors.As(err, &failed):
		fmt.Println(failed.Hint())
	}
	// Output: is an API server running there? the context of the kubeconfig file names it
}

func ExampleSource_Ask() {
	source, stop := open(kubernetes.Config{})
	defer stop()
	u, err := source.Ask(context.Background())
	fmt.Println(len(u.Nodes), u.Origin, len(u.Skipped), err)
	// Output: 2 live 0 <nil>
}

func ExampleSource_Watch() {
	source, stop := open(kubernetes.Config{})
	defer stop()
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

func ExampleIdentityLabel() {
	_, err := kubernetes.New(kubernetes.Config{Service: "web", Identity: kubernetes.IdentityLabel("")})
	fmt.Println(errors.Is(err, kubernetes.ErrConfig), kubernetes.IdentityLabel("apps.kubernetes.io/pod-index"))
	// Output: true label:apps.kubernetes.io/pod-index
}

func ExampleIdentity() {
	source, stop := open(kubernetes.Config{Identity: kubernetes.IdentityAddress})
	defer stop()
	nodes, err := source.Nodes(context.Background())
	fmt.Println(nodes[0].Name, err)
	// Output: 10.0.0.1:8080 <nil>
}
