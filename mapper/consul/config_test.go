package consul

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/consultest"
)

func tokenFileOf(t *testing.T, token string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	writeToken(t, file, token)
	return file
}

func writeToken(t *testing.T, file, token string) {
	t.Helper()
	require.NoError(t, os.WriteFile(file, []byte(token+"\n"), 0o600))
}

func TestBadConfig(t *testing.T) {
	tests := []struct {
		name   string
		config Config
		says   string
	}{
		{"health", Config{Health: "healthy"}, `health "healthy": must be passing, warning or any`},
		{"health of the catalog", Config{Health: HealthAny, Catalog: true}, "the catalog knows no health"},
		{"identity", Config{Identity: "name"}, `identity "name": must be address, meta:KEY or empty`},
		{"identity without a key", Config{Identity: IdentityMeta("")}, `identity "meta:"`},
		{"consistency", Config{Consistency: "fresh"}, `consistency "fresh": must be stale, consistent, cached or empty`},
		{"service that leads elsewhere", Config{Service: "../kv/secret"}, `service "../kv/secret"`},
		{"service that ends in a slash", Config{Service: "a/"}, `service "a/"`},
		{"timeout", Config{Timeout: -1}, "may be negative"},
		{"wait", Config{Wait: time.Hour}, "between 0 and 10m0s"},
		{"client and address", Config{Client: &api.Client{}, Addr: "localhost:8500"}, "the client has its own"},
		{"client and token file", Config{Client: &api.Client{}, TokenFile: "f"}, "the client has its own"},
		{"scheme", Config{Addr: "ftp://localhost"}, "Unknown protocol scheme: ftp"},
		{"password in the address", Config{Addr: "http://me:canary@localhost:8500"}, "set CONSUL_HTTP_AUTH instead"},
		{"token file missing", Config{TokenFile: "/no/such/token"}, "/no/such/token"},
		{"token file empty", Config{TokenFile: os.DevNull}, "is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.config)
			require.ErrorIs(t, err, ErrConfig)
			require.ErrorContains(t, err, tt.says)
			require.NotContains(t, err.Error(), "canary")
		})
	}
}

// TestBadEnvironment has values that Consul's client would take to mean "do not
// verify certificates".
func TestBadEnvironment(t *testing.T) {
	for _, name := range []string{api.HTTPSSLEnvName, api.HTTPSSLVerifyEnvName} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "ture")
			_, err := New(Config{})
			require.ErrorIs(t, err, ErrConfig)
			require.ErrorContains(t, err, name+` "ture": must be true or false`)
		})
	}
}

// TestEnvironment checks the requests that environment variables change.
func TestEnvironment(t *testing.T) {
	fake := consultest.NewFake(func(consultest.Query) consultest.Reply { return consultest.Reply{Index: 1} })
	t.Setenv(api.HTTPAddrEnvName, fake.Serve(t))
	t.Setenv(api.HTTPNamespaceEnvName, "team")
	t.Setenv(api.HTTPPartitionEnvName, "part")
	t.Setenv(api.HTTPTokenEnvName, "token-of-the-environment")
	require.Empty(t, nodesOf(t, open(t, Config{Service: "web"})))
	q := fake.Queries()[0]
	require.Equal(t, "team", q.Values.Get("ns"))
	require.Equal(t, "part", q.Values.Get("partition"))
	require.Equal(t, "token-of-the-environment", q.Token)

	t.Run("an address overrides only the address", func(t *testing.T) {
		t.Setenv(api.HTTPAddrEnvName, "127.0.0.1:1")
		other := consultest.NewFake(func(consultest.Query) consultest.Reply { return consultest.Reply{Index: 1} })
		require.Empty(t, nodesOf(t, open(t, Config{Service: "web", Addr: other.Serve(t)})))
		q := other.Queries()[0]
		require.Equal(t, "team", q.Values.Get("ns"))
		require.Equal(t, "token-of-the-environment", q.Token)
	})
}

// TestAddressInherits gives parts of an address and the environment's.
func TestAddressInherits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ addr, environment, want string }{
		{"", "https://e:2/p", "https://e:2/p"},
		{"h:1", "https://e:2/p", "https://h:1/p"},
		{":1", "https://e:2/p", "https://e:1/p"},
		{"h", "https://e:2/p", "https://h:2/p"},
		{"h", "https://e", "https://h:8500"},
		{"::1", "https://e:2", "https://[::1]:2"},
		{"[::1]:1", "https://[::2]:2/p/q/", "https://[::1]:1/p/q/"},
		{"http://h:1", "https://e:2/p", "http://h:1"},
		{"https://h:1/q", "e:2", "https://h:1/q"},
		{"h:1", "e:2", "h:1"},
		{":1", "e:2", "e:1"},
		{"h", "127.0.0.1:8500", "h:8500"},
		{"h:1", "unix:///run/consul.sock", "h:1"},
		{"unix:///run/consul.sock", "https://e:2", "unix:///run/consul.sock"},
	} {
		require.Equal(t, c.want, inherit(c.addr, c.environment), "%q with %q", c.addr, c.environment)
	}
}

// TestTokenStaysInTLS combines a port with an https address in the environment: no
// request leaves by plain HTTP, and the path prefix stays.
func TestTokenStaysInTLS(t *testing.T) {
	paths := make(chan string, 10)
	agent := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths <- r.URL.Path + " " + r.Header.Get("X-Consul-Token")
		w.Header().Set("X-Consul-LastContact", "0")
		w.Header().Set("X-Consul-KnownLeader", "true")
		_, _ = w.Write([]byte("[]"))
	}))
	defer agent.Close()
	var plain atomic.Int64
	eavesdropper := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { plain.Add(1) }))
	defer eavesdropper.Close()
	_, port, err := net.SplitHostPort(agent.Listener.Addr().String())
	require.NoError(t, err)
	t.Setenv(api.HTTPAddrEnvName, "https://127.0.0.1:1/behind")
	t.Setenv(api.HTTPSSLVerifyEnvName, "false")
	t.Setenv(api.HTTPTokenEnvName, "t")
	require.Empty(t, nodesOf(t, open(t, Config{Service: "web", Addr: ":" + port})))
	require.Equal(t, "/behind/v1/health/service/web t", <-paths)

	_, err = open(t, Config{Service: "web", Addr: eavesdropper.Listener.Addr().String()}).Nodes(t.Context())
	require.ErrorIs(t, err, ErrUnreachable)
	require.Zero(t, plain.Load(), "it was asked by TLS, which it does not speak")
}

// TestBasicAuthentication sends the name and password of the environment.
func TestBasicAuthentication(t *testing.T) {
	sent := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, _ := r.BasicAuth()
		sent <- name + " " + password
		_, _ = w.Write([]byte("[]"))
	}))
	defer proxy.Close()
	t.Setenv(api.HTTPAuthEnvName, "me:secret")
	_, err := open(t, Config{Addr: proxy.URL, Service: "web"}).Nodes(t.Context())
	require.ErrorIs(t, err, errNoLeader, "it is no Consul")
	require.Equal(t, "me secret", <-sent)
}

// TestQuery checks every option against the query it makes.
func TestQuery(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config)
		path   string
		values map[string]string
	}{
		{"passing", nil, "/health/service/web", map[string]string{"passing": "1"}},
		{"any", func(c *Config) { c.Health = HealthAny }, "/health/service/web", map[string]string{"passing": ""}},
		{"catalog", func(c *Config) { c.Catalog = true }, "/catalog/service/web", nil},
		{"datacenter", func(c *Config) { c.Datacenter = "dc2" }, "/health/service/web", map[string]string{"dc": "dc2"}},
		{"near", func(c *Config) { c.Near = "_agent" }, "/health/service/web", map[string]string{"near": "_agent"}},
		{"filter", func(c *Config) { c.Filter = "a == b" }, "/health/service/web", map[string]string{"filter": "a == b"}},
		{"node metadata", func(c *Config) { c.NodeMeta = map[string]string{"rack": "r1"} }, "/health/service/web", map[string]string{"node-meta": "rack:r1"}},
		{"every service", func(c *Config) { c.Service, c.Filter = "", "a == b" }, "/catalog/services", map[string]string{"filter": ""}},
		{"not waiting", nil, "/health/service/web", map[string]string{"index": "", "wait": ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake := consultest.NewFake(func(q consultest.Query) consultest.Reply {
				if q.Path == "/catalog/services" {
					return consultest.Reply{Body: map[string][]string{}}
				}
				return consultest.Reply{}
			})
			c := Config{Client: fake.Client(t), Service: "web"}
			if tt.change != nil {
				tt.change(&c)
			}
			nodesOf(t, open(t, c))
			q := fake.Queries()[0]
			require.Equal(t, tt.path, q.Path)
			for k, v := range tt.values {
				require.Equal(t, v, q.Values.Get(k), k)
			}
		})
	}
	for consistency, parameter := range map[Consistency]string{ConsistencyStale: "stale", ConsistencyConsistent: "consistent", ConsistencyCached: "cached"} {
		t.Run(string(consistency), func(t *testing.T) {
			fake := consultest.NewFake(consultest.Replies(consultest.Reply{}))
			nodesOf(t, open(t, Config{Client: fake.Client(t), Service: "web", Consistency: consistency}))
			require.True(t, fake.Queries()[0].Values.Has(parameter))
		})
	}
}

// TestTokenDoesNotFollowRedirections sends an agent's client elsewhere.
func TestTokenDoesNotFollowRedirections(t *testing.T) {
	elsewhere := consultest.NewFake(consultest.Replies(web(1, "a")))
	there := "http://" + elsewhere.Serve(t)
	here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, there+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer here.Close()
	e := failure(t, open(t, Config{Addr: here.URL, Service: "web", TokenFile: tokenFileOf(t, "secret")}))
	require.ErrorContains(t, e, "status 307")
	require.Empty(t, elsewhere.Queries())
}

// TestTokensAreNeverPrinted looks for secrets in everything that can be printed.
func TestTokensAreNeverPrinted(t *testing.T) {
	const canary = "canary-5f3a"
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	replies := []consultest.Reply{
		{Status: 403, Text: "Permission denied"}, {Status: 500, Text: "boom"}, {Cut: true, Body: "abcdef"},
		{Text: "junk"}, {Filtered: true}, {Hang: true},
	}
	use := func(t *testing.T, source Config) {
		for i, reply := range replies {
			fake := consultest.NewFake(func(consultest.Query) consultest.Reply { return reply })
			source.Addr, source.Service, source.Timeout, source.Log = fake.Serve(t), "web", patience, log
			if reply.Hang {
				source.Timeout = 20 * time.Millisecond
			}
			s := open(t, source)
			_, err := s.Nodes(t.Context())
			require.Error(t, err, "reply %d", i)
			require.True(t, reply.Hang || len(fake.Queries()) == 1, "the token was sent")
			for _, format := range []string{"%v", "%+v", "%#v", "%q"} {
				require.NotContains(t, fmt.Sprintf(format, err), canary)
			}
			require.NotContains(t, fmt.Sprintf("%+v", s.config), canary)
		}
		_, err := open(t, Config{Addr: "127.0.0.1:1", TokenFile: source.TokenFile}).Nodes(t.Context())
		require.NotContains(t, fmt.Sprintf("%+v", err), canary)
		require.NotContains(t, logged.String(), canary)
	}
	t.Run("file", func(t *testing.T) { use(t, Config{TokenFile: tokenFileOf(t, canary)}) })
	t.Run("environment", func(t *testing.T) {
		t.Setenv(api.HTTPTokenEnvName, canary)
		t.Setenv(api.HTTPAuthEnvName, "me:"+canary)
		use(t, Config{})
	})
}

// TestPrefixWithoutAScheme: Consul's client takes a prefix for a part of the host
// name unless there is a scheme.
func TestPrefixWithoutAScheme(t *testing.T) {
	fake := consultest.NewFake(func(consultest.Query) consultest.Reply { return consultest.Reply{Index: 1} })
	paths := make(chan string, 2)
	agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths <- r.URL.Path
		http.StripPrefix("/behind", fake).ServeHTTP(w, r)
	}))
	defer agent.Close()
	host, port, err := net.SplitHostPort(agent.Listener.Addr().String())
	require.NoError(t, err)
	t.Setenv(api.HTTPAddrEnvName, net.JoinHostPort(host, port)+"/behind")
	for _, addr := range []string{"", ":" + port} {
		require.Empty(t, nodesOf(t, open(t, Config{Service: "web", Addr: addr})))
		require.Equal(t, "/behind/v1/health/service/web", <-paths)
	}
	t.Setenv(api.HTTPSSLEnvName, "true")
	require.Equal(t, "https://"+net.JoinHostPort(host, port)+"/behind", open(t, Config{Service: "web"}).addr)
}
