package agree

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
	"github.com/proxenos/proxenos/internal/testkit/servertest"
)

// origin returns the address of an HTTP server that answers every request.
func origin(t *testing.T) (host, port string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	return hostPort(t, u.Host)
}

// askHTTP sends a request and returns the header of the response that names the
// server.
func askHTTP(t *testing.T, client *http.Client, request *http.Request) string {
	t.Helper()
	response, err := client.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode, request.URL)
	return response.Header.Get("X-Server")
}

func newClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// TestHAProxy runs an HAProxy with a proxy for each set-up. All their servers are
// one origin; a header names the server that HAProxy chose.
func TestHAProxy(t *testing.T) {
	t.Parallel()
	program := find(t, "haproxy", "haproxy")
	all := setups(t, "HAProxy")
	host, port := origin(t)
	ports := map[string]int{}
	hashType := regexp.MustCompile(`hash-type=([^)]*)\)`)
	conf := "defaults\n mode http\n timeout connect 30s\n timeout client 30s\n timeout server 30s\n"
	for i, s := range all {
		ports[s.name()] = freeport.Take(t)
		conf += fmt.Sprintf("listen l%d\n bind 127.0.0.1:%d\n balance url_param k\n hash-type %s\n http-response set-header x-server %%s\n",
			i, ports[s.name()], hashType.FindStringSubmatch(s.program)[1])
		ids := s.file.All("id")
		for j, server := range s.servers {
			conf += fmt.Sprintf(" server %s %s:%s weight %s", server.name, host, port, server.weight)
			if len(ids) > 0 {
				conf += " id " + ids[j]
			}
			conf += "\n"
		}
	}
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	require.NoError(t, os.WriteFile(file, []byte(conf), 0o600))
	servertest.Start(t, servertest.Command{Program: program, Args: []string{"-db", "-f", file}, Ready: listens(ports[all[0].name()])})
	client := newClient(t)
	compare(t, "HAProxy "+version(t, "version ", program, "-v"), all, func(s setup, key string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+servertest.Loopback(ports[s.name()])+"/", nil)
		require.NoError(t, err)
		request.URL.RawQuery = "k=" + key
		return s.index(t, askHTTP(t, client, request))
	})
}

// TestVarnish runs a varnishd with a shard director for each set-up. All backends
// are one origin.
func TestVarnish(t *testing.T) {
	t.Parallel()
	program := find(t, "varnishd", "varnish")
	all := setups(t, "Varnish")
	host, port := origin(t)
	backends, directors, choice := "", "", ""
	for i, s := range all {
		directors += fmt.Sprintf("  new d%d = directors.shard();\n", i)
		for _, server := range s.servers {
			backends += fmt.Sprintf("backend %s { .host = %q; .port = %q; }\n", server.name, host, port)
			directors += fmt.Sprintf("  d%d.add_backend(%s, weight=%s);\n", i, server.name, server.weight)
		}
		directors += fmt.Sprintf("  d%d.reconfigure();\n", i)
		choice += fmt.Sprintf("  if (req.http.x-setup == \"%d\") { set req.backend_hint = d%d.backend(by=KEY, key=d%d.key(req.http.x-key)); }\n", i, i, i)
	}
	vcl := "vcl 4.1;\nimport directors;\n" + backends + "sub vcl_init {\n" + directors + "}\nsub vcl_recv {\n" + choice + "  return (pass);\n}\n" +
		"sub vcl_backend_response { set beresp.http.x-server = beresp.backend; }\n"
	dir, err := os.MkdirTemp("", "varnish") // a short path: it holds a socket
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	file := filepath.Join(dir, "shard.vcl")
	require.NoError(t, os.WriteFile(file, []byte(vcl), 0o600))
	listen := freeport.Take(t)
	servertest.Start(t, servertest.Command{
		Program: program,
		Args:    []string{"-F", "-j", "none", "-n", filepath.Join(dir, "work"), "-a", servertest.Loopback(listen), "-f", file, "-s", "malloc,16m", "-T", "none"},
		Ready:   listens(listen),
	})
	index := map[string]int{}
	for i, s := range all {
		index[s.name()] = i
	}
	client := newClient(t)
	compare(t, "Varnish "+version(t, "varnish-", program, "-V"), all, func(s setup, key string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+servertest.Loopback(listen)+"/", nil)
		require.NoError(t, err)
		request.Header.Set("X-Key", key)
		request.Header.Set("X-Setup", fmt.Sprint(index[s.name()]))
		return s.index(t, askHTTP(t, client, request))
	})
}

// TestRedisCluster asks a redis-server for the slots of keys. The vectors say which
// server has a slot.
func TestRedisCluster(t *testing.T) {
	t.Parallel()
	program := find(t, "redis-server", "redis-server")
	port, bus, dir := freeport.Take(t), freeport.Take(t), t.TempDir()
	servertest.Start(t, servertest.Command{
		Program: program,
		Args: []string{
			"--port", fmt.Sprint(port), "--cluster-port", fmt.Sprint(bus), "--bind", "127.0.0.1",
			"--cluster-enabled", "yes", "--save", "", "--dir", dir,
		},
		Ready: listens(port),
	})
	client := redis.NewClient(&redis.Options{Addr: servertest.Loopback(port)})
	t.Cleanup(func() { _ = client.Close() })
	all := setups(t, "redis-server")
	owners := perSetup(slotOwners)
	compare(t, "redis-server "+version(t, "v=", program, "--version"), all, func(s setup, key string) int {
		slot, err := client.ClusterKeySlot(t.Context(), key).Result()
		require.NoError(t, err)
		return owners(s)[slot]
	})
	for _, s := range all {
		for _, row := range s.file.Rows {
			slot, err := client.ClusterKeySlot(t.Context(), row.Text("key")).Result()
			require.NoError(t, err)
			require.Equal(t, row.Int("slot"), int(slot), row)
		}
	}
}

// slotOwners returns the index of the server of every slot.
func slotOwners(s setup) []int {
	owners := make([]int, 16384)
	for _, line := range s.file.All("slots") {
		var first, last, index int
		if _, err := fmt.Sscan(strings.ReplaceAll(line, " ", "\n"), &first, &last, &index); err != nil {
			panic(fmt.Sprintf("slots: %q: %v", line, err))
		}
		for slot := first; slot <= last; slot++ {
			owners[slot] = index
		}
	}
	return owners
}
