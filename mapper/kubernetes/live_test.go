package kubernetes

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/servertest"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/mappertest"
)

const (
	podsPath         = "/api/v1/namespaces/default/pods"
	slicesPath       = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
	statefulSetsPath = "/apis/apps/v1/namespaces/default/statefulsets"
	weightKey        = "example.com/weight"
)

// TestRealServer runs against one API server, as one takes seconds to start. Each
// test has a Service of its own.
func TestRealServer(t *testing.T) {
	t.Parallel()
	server := servertest.StartAPIServer(t)
	for _, c := range []struct {
		name string
		long bool // left out of short runs
		run  func(*testing.T, *servertest.APIServer)
	}{
		{"Conformance", false, testConformance},
		{"Role", false, testRole},
		{"TokenRotation", true, testTokenRotation},
		{"ClientCertificate", false, testClientCertificate},
		{"RollingRestart", false, testRollingRestart},
		{"FlipToSelect", false, testFlipToSelect},
		{"Scale", true, testScale},
		{"Chunks", true, testChunks},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.long && testing.Short() {
				t.Skip("it takes seconds")
			}
			c.run(t, server)
		})
	}
}

// at returns the source of a service at a server, with all permissions.
func at(t testing.TB, server *servertest.APIServer, service string, change func(*Config)) *Source {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte(server.Admin), 0o600))
	c := Config{Service: service, Server: server.URL, CAFile: server.CAFile, TokenFile: token, Timeout: patience}
	if change != nil {
		change(&c)
	}
	s, err := newSource(c, here(t, nil))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// replace replaces a file at once, as the kubelet does: no reader sees half of it.
func replace(t testing.TB, file, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(file+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(file+".new", file))
}

// services counts the services of the tests.
var services atomic.Int32

func newService() string { return fmt.Sprintf("web-%d", services.Add(1)) }

// target is an endpoint as a test wants it.
type target struct {
	pod, address, node, zone string
	state                    string // of the metadata; empty is ready
}

func (e target) object() map[string]any {
	ready, serving, terminating := true, true, false
	switch e.state {
	case stateServing:
		ready, terminating = false, true
	case stateTerminating:
		ready, serving, terminating = false, false, true
	case stateNotReady:
		ready, serving = false, false
	}
	o := map[string]any{
		"addresses":  []string{e.address},
		"conditions": map[string]any{"ready": ready, "serving": serving, "terminating": terminating},
	}
	if e.pod != "" {
		o["targetRef"] = map[string]any{"kind": "Pod", "namespace": "default", "name": e.pod}
	}
	if e.node != "" {
		o["nodeName"] = e.node
	}
	if e.zone != "" {
		o["zone"] = e.zone
	}
	return o
}

// apply makes an EndpointSlice hold exactly these endpoints.
func apply(server *servertest.APIServer, service, name string, port int, endpoints ...target) {
	list := make([]map[string]any, 0, len(endpoints))
	for _, e := range endpoints {
		list = append(list, e.object())
	}
	server.Apply(slicesPath, map[string]any{
		"metadata":    map[string]any{"name": name, "labels": map[string]any{serviceLabel: service}},
		"addressType": "IPv4", "endpoints": list, "ports": []map[string]any{{"name": "http", "port": port}},
	})
}

// createPod creates a pod, which nothing runs.
func createPod(server *servertest.APIServer, name string, labels, annotations map[string]string) {
	server.Call(http.MethodPost, podsPath, map[string]any{
		"metadata": map[string]any{"name": name, "labels": labels, "annotations": annotations},
		"spec":     map[string]any{"containers": []map[string]any{{"name": "c", "image": "i"}}},
	}, nil)
}

func deletePod(server *servertest.APIServer, name string) {
	server.Call(http.MethodDelete, podsPath+"/"+name+"?gracePeriodSeconds=0", nil, nil)
}

func testConformance(t *testing.T, server *servertest.APIServer) {
	mappertest.Test(t, func(t *testing.T) mappertest.Source {
		service := newService()
		p := &publisher{server: server, service: service, weights: map[string]string{}}
		t.Cleanup(func() { p.publish(t, nil) })
		return mappertest.Source{
			Mapper:  at(t, server, service, func(c *Config) { c.WeightKey = weightKey }),
			Publish: p.publish, PublishBroken: p.publishBroken, Want: p.want, Settle: patience,
		}
	})
}

// publisher makes a service have exactly some nodes, in two slices and with a pod
// for each.
type publisher struct {
	server  *servertest.APIServer
	service string
	weights map[string]string // by pod
}

func (p *publisher) publish(t testing.TB, nodes []mapper.Node) {
	t.Helper()
	next := map[string]string{}
	halves := [2][]target{}
	for i, n := range nodes {
		host, _, err := net.SplitHostPort(n.Addr)
		require.NoError(t, err)
		name := p.pod(n.Name)
		next[name] = strconv.FormatFloat(n.Capacity(), 'g', -1, 64)
		before, known := p.weights[name]
		switch {
		case !known:
			createPod(p.server, name, nil, map[string]string{weightKey: next[name]})
		case before != next[name]:
			p.server.Call(http.MethodPatch, podsPath+"/"+name, map[string]any{"metadata": map[string]any{"annotations": map[string]string{weightKey: next[name]}}}, nil)
		}
		halves[i%2] = append(halves[i%2], target{pod: name, address: host, zone: n.Zone})
	}
	for i, half := range halves {
		apply(p.server, p.service, fmt.Sprintf("%s-%d", p.service, i), 8080, half...)
	}
	for name := range p.weights {
		if _, ok := next[name]; !ok {
			deletePod(p.server, name)
		}
	}
	p.weights = next
}

// pod is unique on the server.
func (p *publisher) pod(node string) string { return p.service + "-" + node }

// publishBroken adds an endpoint without a pod.
func (p *publisher) publishBroken(t testing.TB, nodes []mapper.Node) {
	p.publish(t, nodes)
	apply(p.server, p.service, p.service+"-2", 8080, target{address: "10.9.9.9"})
}

func (p *publisher) want(nodes []mapper.Node) []mapper.Node {
	for i := range nodes {
		n := &nodes[i]
		n.Name, n.Weight, n.Tags = p.pod(n.Name), n.Capacity(), nil
		n.Meta = map[string]string{MetaService: p.service, MetaPod: n.Name, MetaState: stateReady}
	}
	return nodes
}

// The rules of the least role.
var (
	readSlices = servertest.Rule{Group: "discovery.k8s.io", Resources: []string{"endpointslices"}, Verbs: []string{"list", "watch"}}
	readPods   = servertest.Rule{Resources: []string{"pods"}, Verbs: []string{"list", "watch"}}
	readSets   = servertest.Rule{Group: "apps", Resources: []string{"statefulsets"}, Verbs: []string{"list", "watch"}}
)

// testRole grants permissions one after the other, and takes them away under a
// watch.
func testRole(t *testing.T, server *servertest.APIServer) {
	service := newService()
	apply(server, service, service, 80, target{pod: "a", address: "10.0.0.1"})
	file := filepath.Join(t.TempDir(), "token")
	replace(t, file, server.Token("reader", time.Hour))
	source := func(change func(*Config)) *Source {
		return at(t, server, service, func(c *Config) {
			c.TokenFile, c.Wait = file, minWait
			if change != nil {
				change(c)
			}
		})
	}
	refused := func(s *Source, what string) {
		t.Helper()
		require.Eventually(t, func() bool {
			_, err := s.Nodes(t.Context())
			return err != nil
		}, patience, 10*time.Millisecond)
		_, err := s.Nodes(t.Context())
		require.ErrorIs(t, err, ErrPermission)
		require.ErrorContains(t, err, what)
		require.ErrorContains(t, err, "system:serviceaccount:default:reader", "the server names the user")
	}
	allowed := func(s *Source) {
		t.Helper()
		require.Eventually(t, func() bool {
			_, err := s.Ask(t.Context())
			return err == nil
		}, patience, 10*time.Millisecond)
	}
	plain := source(nil)
	refused(plain, `list endpointslices.discovery.k8s.io in namespace "default": status 403`)
	server.Grant("reader", readSlices)
	allowed(plain)
	weighted := source(func(c *Config) { c.WeightKey = weightKey })
	refused(weighted, `list pods in namespace "default": status 403`)
	server.Grant("reader", readSlices, readPods)
	allowed(weighted)
	refused(source(func(c *Config) { c.StatefulSet = "db" }), `list statefulsets.apps`)

	w := follow(t, plain)
	w.until("the first set", is("a"))
	server.Grant("reader", readPods)
	u := w.until("the loss", failsWith(ErrPermission))
	require.Equal(t, []string{"a"}, namesOf(u), "the last set stands")
	server.Grant("reader", readSlices, readSets)
	w.until("the return", is("a"))

	_, err := source(func(c *Config) { c.StatefulSet = "db" }).Nodes(t.Context())
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorContains(t, err, `there is no StatefulSet "db"`)
}

// testTokenRotation replaces the token under a watch, and then deletes the account
// of the old one.
func testTokenRotation(t *testing.T, server *servertest.APIServer) {
	service := newService()
	apply(server, service, service, 80, target{pod: "a", address: "10.0.0.1"})
	server.Token("old", time.Hour)
	server.Token("new", time.Hour)
	server.Grant("old", readSlices)
	server.Grant("new", readSlices)
	file := filepath.Join(t.TempDir(), "token")
	replace(t, file, server.Token("old", time.Hour))
	w := follow(t, at(t, server, service, func(c *Config) { c.TokenFile, c.Wait = file, minWait }))
	w.until("the first set", is("a"))
	replace(t, file, server.Token("new", time.Hour))
	server.Call(http.MethodDelete, "/api/v1/namespaces/default/serviceaccounts/old", nil, nil)
	apply(server, service, service, 80, target{pod: "a", address: "10.0.0.1"}, target{pod: "b", address: "10.0.0.2"})
	w.nodes("a", "b")
	w.quiet(3 * minWait / 2) // the renewal has the other token

	replace(t, file, "no token of this server")
	u := w.until("a bad token", failsWith(ErrPermission))
	require.ErrorContains(t, u.Err, "status 401")
	require.Equal(t, []string{"a", "b"}, namesOf(u))
	replace(t, file, server.Token("new", time.Hour))
	w.until("recovery", is("a", "b"))
}

func testClientCertificate(t *testing.T, server *servertest.APIServer) {
	service := newService()
	apply(server, service, service, 80, target{pod: "a", address: "10.0.0.1"})
	cert, key := server.ClientCert("operator", "system:masters")
	config := Config{Service: service, Timeout: patience,
		Kubeconfig: server.Kubeconfig("default", fmt.Sprintf("client-certificate: %q\nclient-key: %q", cert, key))}
	require.NoError(t, ask(t, config, here(t, nil)))
	config.Kubeconfig = server.Kubeconfig("default", "{}")
	require.ErrorIs(t, ask(t, config, here(t, nil)), ErrPermission, "anonymous")
}

// testChunks has more slices than one part of a list, and other services beside
// them.
func testChunks(t *testing.T, server *servertest.APIServer) {
	service := newService()
	const slices = 2*chunk + 1
	for i := range slices {
		apply(server, service, fmt.Sprintf("%s-%d", service, i), 80, target{pod: fmt.Sprintf("p%03d", i), address: fmt.Sprintf("10.1.%d.%d", i/250, i%250)})
	}
	s := at(t, server, service, nil)
	nodes, err := s.Nodes(t.Context())
	require.NoError(t, err)
	require.Len(t, nodes, slices, "one slice, or one part of the list, is not the whole")
	require.Equal(t, "p000", nodes[0].Name)
	w := follow(t, s)
	require.Len(t, w.next().Nodes, slices)
	server.Call(http.MethodDelete, slicesPath+"/"+service+"-7", nil, nil)
	require.Len(t, w.next().Nodes, slices-1)
}
