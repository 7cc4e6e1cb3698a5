//go:build unix

package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/servertest"
)

// TestKubernetesScripts runs the scripts of testdata/kubernetes against a real API
// server:
//
//   - $KUBE_PORT has the services web and several, and the StatefulSet db;
//     $KUBE_CA is its certificate.
//   - $ADMIN is a kubeconfig file with all permissions, $NARROW one that may do
//     nothing.
//   - $PLUGIN is a kubeconfig file with a credential plug-in, $DEAD one of a server
//     that does not run.
func TestKubernetesScripts(t *testing.T) {
	t.Parallel()
	server := servertest.StartAPIServer(t)
	populate(server)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o700)) //nolint:gosec // one of them is a program
		return path
	}
	plugin := file("login", fmt.Sprintf(`#!/bin/sh
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}'
`, server.Admin))
	variables := map[string]string{
		"KUBE_PORT":  portOf(t, server.URL[len("https://"):]),
		"KUBE_CA":    server.CAFile,
		"TOKEN_FILE": file("token", server.Admin),
		"ADMIN":      server.Kubeconfig("default", "token: "+server.Admin),
		"NARROW":     server.Kubeconfig("default", "token: "+server.Token("narrow", 0)),
		"PLUGIN":     server.Kubeconfig("default", fmt.Sprintf("exec: {command: %q, apiVersion: client.authentication.k8s.io/v1}", plugin)),
		"DEAD": file("dead", `{current-context: x, contexts: [{name: x, context: {cluster: x, user: x}}], users: [{name: x, user: {token: t}}],
			clusters: [{name: x, cluster: {server: "https://127.0.0.1:1"}}]}`),
	}
	runScripts(t, "kubernetes", variables)
}

// populate creates services of every kind.
func populate(server *servertest.APIServer) {
	const (
		pods   = "/api/v1/namespaces/default/pods"
		slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
		sets   = "/apis/apps/v1/namespaces/default/statefulsets"
	)
	spec := map[string]any{"containers": []map[string]any{{"name": "c", "image": "i"}}}
	endpoint := func(pod, address string, ready bool) map[string]any {
		return map[string]any{
			"addresses": []string{address}, "zone": "eu", "nodeName": "node-of-" + pod, "conditions": map[string]any{"ready": ready},
			"targetRef": map[string]any{"kind": "Pod", "name": pod, "namespace": "default"},
		}
	}
	slice := func(service, name string, ports []map[string]any, endpoints ...map[string]any) {
		server.Apply(slices, map[string]any{
			"metadata":    map[string]any{"name": name, "labels": map[string]any{"kubernetes.io/service-name": service, "tier": "front"}},
			"addressType": "IPv4", "endpoints": endpoints, "ports": ports,
		})
	}
	for i, pod := range []string{"web-a", "web-b", "web-c"} {
		server.Apply(pods, map[string]any{"metadata": map[string]any{
			"name": pod, "labels": map[string]any{"shard": fmt.Sprintf("s%d", i)}, "annotations": map[string]any{"weight": fmt.Sprint(i + 1)},
		}, "spec": spec})
	}
	http80 := []map[string]any{{"name": "http", "port": 80}}
	slice("web", "web-1", http80, endpoint("web-a", "10.0.0.1", true), endpoint("web-b", "10.0.0.2", true))
	slice("web", "web-2", http80, endpoint("web-c", "10.0.0.3", false))
	slice("several", "several-1", []map[string]any{{"name": "http", "port": 80}, {"name": "metrics", "port": 9090}}, endpoint("several-a", "10.0.1.1", true))
	slice("db", "db-1", http80, endpoint("db-0", "10.0.2.1", true))
	labels := map[string]any{"app": "db"}
	server.Call(http.MethodPost, sets, map[string]any{
		"metadata": map[string]any{"name": "db"},
		"spec": map[string]any{
			"replicas": 3, "serviceName": "db", "selector": map[string]any{"matchLabels": labels},
			"template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": spec},
		},
	}, nil)
}
