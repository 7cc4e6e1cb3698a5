package consul

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/consultest"
	"github.com/proxenos/proxenos/internal/testkit/servertest"
)

// failure queries the source and returns the Error, after checking that it
// has a hint.
func failure(t *testing.T, s *Source) *Error {
	t.Helper()
	nodes, err := s.Nodes(t.Context())
	require.Empty(t, nodes)
	var e *Error
	require.ErrorAs(t, err, &e)
	require.ErrorIs(t, err, e.Kind)
	require.NotEmpty(t, e.Hint())
	require.NotContains(t, e.Error(), "\n")
	return e
}

func TestRefused(t *testing.T) {
	t.Parallel()
	const addr = "127.0.0.1:1" // a port that is not assigned by chance
	e := failure(t, open(t, Config{Addr: addr, Service: "web"}))
	require.ErrorIs(t, e, ErrUnreachable)
	require.ErrorIs(t, e, syscall.ECONNREFUSED)
	require.Contains(t, e.Hint(), "is an agent running there?")
	require.Equal(t, addr, e.Addr)
	require.Equal(t, "web", e.Service)
}

func TestKilledAgent(t *testing.T) {
	t.Parallel()
	agent := consultest.Start(t, consultest.Options{})
	agent.Register(consultest.Instance{Service: "web", Port: 80})
	source := of(t, agent, nil)
	require.Len(t, nodesOf(t, source), 1)
	agent.Kill()
	require.ErrorIs(t, failure(t, source), ErrUnreachable)
	agent.Restart()
	require.Empty(t, nodesOf(t, source), "it answers again, without state")
}

// TestStoppingAgent asks while the agent ends by SIGTERM, when it closes its
// own connections before its listener and answers 500.
func TestStoppingAgent(t *testing.T) {
	t.Parallel()
	agent := consultest.Start(t, consultest.Options{})
	source := of(t, agent, nil)
	stopped := make(chan struct{})
	go func() { defer close(stopped); agent.Stop() }()
	for {
		_, err := source.Nodes(t.Context())
		if err != nil {
			require.ErrorIs(t, err, ErrUnreachable)
		}
		select {
		case <-stopped:
			require.ErrorIs(t, failure(t, source), ErrUnreachable)
			return
		default:
		}
	}
}

func TestSuspendedAgent(t *testing.T) {
	t.Parallel()
	agent := consultest.Start(t, consultest.Options{})
	agent.Register(consultest.Instance{Service: "web", Port: 80})
	source := of(t, agent, func(c *Config) { c.Timeout = 300 * time.Millisecond })
	agent.Suspend()
	start := time.Now()
	e := failure(t, source)
	require.Less(t, time.Since(start), patience, "a query does not hang")
	require.ErrorIs(t, e, ErrUnreachable)
	require.ErrorIs(t, e, context.DeadlineExceeded)
	require.ErrorContains(t, e, "no answer within 300ms")

	t.Run("the caller's deadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := source.Nodes(ctx)
		require.ErrorIs(t, err, ErrUnreachable)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
	t.Run("the caller's deadline for every service", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := open(t, Config{Addr: agent.Addr}).Nodes(ctx)
		require.ErrorIs(t, err, ErrUnreachable)
	})
	t.Run("canceled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		_, err := source.Nodes(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, ErrUnreachable, "the caller gave up, not Consul")
	})
	agent.Resume()
	require.Eventually(t, func() bool { _, err := source.Nodes(t.Context()); return err == nil }, patience, tick)
}

func TestACL(t *testing.T) {
	agent := consultest.Start(t, consultest.Options{ACL: true})
	agent.Register(consultest.Instance{Service: "web", Port: 80})
	with := func(token string, change func(*Config)) *Source {
		return of(t, agent, func(c *Config) {
			c.TokenFile = tokenFileOf(t, token)
			if change != nil {
				change(c)
			}
		})
	}
	all := func(c *Config) { c.Service = "" }
	const services, nodes = `service_prefix "" { policy = "read" }`, `node_prefix "" { policy = "read" }`

	t.Run("none", func(t *testing.T) {
		anonymous := func(c *Config) { c.TokenFile = tokenFileOf(t, "anonymous") }
		cached := func(c *Config) { c.Consistency = ConsistencyCached }
		for _, change := range []func(*Config){nil, all, func(c *Config) { c.Catalog = true }, anonymous, cached} {
			source := of(t, agent, change)
			e := failure(t, source)
			require.ErrorIs(t, e, ErrPermission, "Consul answers as if there were no nodes")
			require.ErrorContains(t, e, "an empty result without a token")
			require.Contains(t, e.Hint(), "CONSUL_HTTP_TOKEN")
			_, err := source.Explain(t.Context())
			require.ErrorIs(t, err, ErrPermission)
			for u := range source.Watch(t.Context()) {
				require.ErrorIs(t, u.Err, ErrPermission)
				require.False(t, u.Known(), "no set: the agent did not say that there are no nodes")
				break
			}
		}
	})
	t.Run("none that is known", func(t *testing.T) {
		client, err := api.NewClient(&api.Config{Address: agent.Addr})
		require.NoError(t, err)
		source := open(t, Config{Client: client, Service: "web"})
		require.Empty(t, nodesOf(t, source), "a client of the caller may have a token")
		why, err := source.Explain(t.Context())
		require.NoError(t, err)
		require.Contains(t, why, `knows no service "web", or it may not be read without an ACL token`)
	})
	t.Run("unknown", func(t *testing.T) {
		for _, change := range []func(*Config){nil, all, func(c *Config) { c.Catalog = true }} {
			e := failure(t, with("00000000-0000-0000-0000-000000000000", change))
			require.ErrorIs(t, e, ErrPermission)
			require.NotErrorIs(t, e, ErrUnreachable)
			var status api.StatusError
			require.ErrorAs(t, e, &status)
			require.Equal(t, http.StatusForbidden, status.Code)
		}
	})
	t.Run("services only", func(t *testing.T) {
		token := agent.Grant(services)
		for _, change := range []func(*Config){nil, all, func(c *Config) { c.Catalog = true }} {
			e := failure(t, with(token, change))
			require.ErrorIs(t, e, ErrPermission, "an answer with something left out is an error")
			require.ErrorContains(t, e, "ACLs have filtered the answer")
			require.Contains(t, e.Hint(), "node:read")
		}
	})
	t.Run("another service", func(t *testing.T) {
		source := with(agent.Grant(`service "api" { policy = "read" }`+nodes), nil)
		require.ErrorIs(t, failure(t, source), ErrPermission, "Consul says so to a request with a token")
		_, err := source.Explain(t.Context())
		require.ErrorIs(t, err, ErrPermission)
	})
	t.Run("unknown service", func(t *testing.T) {
		source := with(agent.Grant(services+nodes), func(c *Config) { c.Service = "absent" })
		require.Empty(t, nodesOf(t, source))
		why, err := source.Explain(t.Context())
		require.NoError(t, err)
		require.Equal(t, `Consul knows no service "absent"`, why)
	})
	t.Run("enough", func(t *testing.T) {
		require.Len(t, nodesOf(t, with(agent.Grant(services+nodes), nil)), 1)
		require.Len(t, nodesOf(t, with(agent.Grant(services+nodes), all)), 2, "with Consul itself")
	})
	t.Run("environment", func(t *testing.T) {
		t.Setenv(api.HTTPTokenEnvName, agent.Grant(services+nodes))
		require.Len(t, nodesOf(t, of(t, agent, nil)), 1)
	})
	t.Run("environment's file", func(t *testing.T) {
		t.Setenv(api.HTTPTokenEnvName, "the file comes before it")
		t.Setenv(api.HTTPTokenFileEnvName, tokenFileOf(t, agent.Grant(services+nodes)))
		require.Len(t, nodesOf(t, of(t, agent, nil)), 1)
	})
	t.Run("file before environment", func(t *testing.T) {
		t.Setenv(api.HTTPTokenEnvName, "not this")
		t.Setenv(api.HTTPTokenFileEnvName, tokenFileOf(t, "nor that"))
		require.Len(t, nodesOf(t, with(agent.Grant(services+nodes), nil)), 1)
	})
	t.Run("exchanged", func(t *testing.T) {
		file := tokenFileOf(t, "00000000-0000-0000-0000-000000000000")
		source := of(t, agent, func(c *Config) { c.TokenFile = file })
		require.ErrorIs(t, failure(t, source), ErrPermission)
		writeToken(t, file, agent.Grant(services+nodes))
		require.Len(t, nodesOf(t, source), 1, "the file is read again")
	})
	t.Run("revoked", func(t *testing.T) {
		token := agent.Grant(services + nodes)
		source := with(token, nil)
		require.Len(t, nodesOf(t, source), 1)
		agent.Revoke(token)
		require.ErrorIs(t, failure(t, source), ErrPermission)
	})
}

func TestTLS(t *testing.T) {
	agent := consultest.Start(t, consultest.Options{TLS: true})
	agent.Register(consultest.Instance{Service: "web", Port: 80})
	ask := func(t *testing.T, addr string) *Source { return open(t, Config{Addr: addr, Service: "web"}) }

	t.Run("right authority", func(t *testing.T) {
		t.Setenv(api.HTTPSSLEnvName, "true")
		t.Setenv(api.HTTPCAFile, agent.CAFile)
		require.Len(t, nodesOf(t, ask(t, agent.HTTPS)), 1)
	})
	t.Run("by URL", func(t *testing.T) {
		t.Setenv(api.HTTPCAFile, agent.CAFile)
		require.Len(t, nodesOf(t, ask(t, "https://"+agent.HTTPS)), 1)
	})
	t.Run("a folder of authorities", func(t *testing.T) {
		folder := t.TempDir()
		require.NoError(t, os.Link(agent.CAFile, filepath.Join(folder, "ca.pem")))
		t.Setenv(api.HTTPCAPath, folder)
		require.Len(t, nodesOf(t, ask(t, "https://"+agent.HTTPS)), 1)
	})
	t.Run("wrong authority", func(t *testing.T) {
		t.Setenv(api.HTTPCAFile, servertest.NewAuthority(t).File)
		e := failure(t, ask(t, "https://"+agent.HTTPS))
		require.ErrorIs(t, e, ErrUnreachable)
		var unknown x509.UnknownAuthorityError
		require.ErrorAs(t, e, &unknown)
		require.Contains(t, e.Hint(), "CONSUL_CACERT")
	})
	t.Run("wrong name", func(t *testing.T) {
		t.Setenv(api.HTTPCAFile, agent.CAFile)
		t.Setenv(api.HTTPTLSServerName, "elsewhere.example")
		e := failure(t, ask(t, "https://"+agent.HTTPS))
		require.Contains(t, e.Hint(), "CONSUL_TLS_SERVER_NAME")
	})
	t.Run("right name", func(t *testing.T) {
		t.Setenv(api.HTTPCAFile, agent.CAFile)
		t.Setenv(api.HTTPTLSServerName, "server")
		require.Len(t, nodesOf(t, ask(t, "https://"+agent.HTTPS)), 1)
	})
	t.Run("unverified on request", func(t *testing.T) {
		t.Setenv(api.HTTPCAFile, servertest.NewAuthority(t).File)
		t.Setenv(api.HTTPSSLVerifyEnvName, "false")
		require.Len(t, nodesOf(t, ask(t, "https://"+agent.HTTPS)), 1)
	})
	t.Run("plain to TLS", func(t *testing.T) {
		e := failure(t, ask(t, agent.HTTPS))
		require.ErrorIs(t, e, ErrUnreachable)
		require.Contains(t, e.Hint(), "CONSUL_HTTP_SSL")
	})
	t.Run("TLS to plain", func(t *testing.T) {
		e := failure(t, ask(t, "https://"+agent.Addr))
		require.ErrorIs(t, e, ErrUnreachable)
		require.Contains(t, e.Hint(), "CONSUL_HTTP_SSL")
	})
	t.Run("authority missing", func(t *testing.T) {
		t.Setenv(api.HTTPCAFile, "/no/such/file")
		_, err := New(Config{Addr: "https://" + agent.HTTPS})
		require.ErrorIs(t, err, ErrConfig)
		require.ErrorContains(t, err, "/no/such/file")
	})
}

func TestTLSWithClientCertificates(t *testing.T) {
	agent := consultest.Start(t, consultest.Options{TLS: true, ClientCerts: true})
	agent.Register(consultest.Instance{Service: "web", Port: 80})
	t.Setenv(api.HTTPCAFile, agent.CAFile)
	source := func() *Source { return open(t, Config{Addr: "https://" + agent.HTTPS, Service: "web"}) }
	require.ErrorIs(t, failure(t, source()), ErrUnreachable)
	t.Setenv(api.HTTPClientCert, agent.ClientCert)
	t.Setenv(api.HTTPClientKey, agent.ClientKey)
	require.Len(t, nodesOf(t, source()), 1)
}

func TestBadFilter(t *testing.T) {
	t.Parallel()
	agent := neighborhood(t)
	for _, filter := range []string{
		"(", "Service.Port > 3", "Nonsense == 1", `Service.Port == "x"`, `Service.Tags matches "a"`, `Service.Service matches "("`,
	} {
		t.Run(filter, func(t *testing.T) {
			for _, service := range []string{"web", ""} {
				e := failure(t, of(t, agent, func(c *Config) { c.Service, c.Filter = service, filter }))
				require.ErrorIs(t, e, ErrFilter)
				require.NotErrorIs(t, e, ErrUnreachable)
			}
		})
	}
}

func TestUnknownDatacenter(t *testing.T) {
	t.Parallel()
	agent := consultest.Start(t, consultest.Options{})
	e := failure(t, of(t, agent, func(c *Config) { c.Datacenter = "mars" }))
	require.ErrorContains(t, e, "No path to datacenter")
}

// TestEnterpriseQuery asks for a namespace of an agent that has none.
func TestEnterpriseQuery(t *testing.T) {
	agent := consultest.Start(t, consultest.Options{})
	for _, variable := range []string{api.HTTPNamespaceEnvName, api.HTTPPartitionEnvName} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, "team")
			require.ErrorIs(t, failure(t, of(t, agent, nil)), ErrConfig)
		})
	}
}

// TestFakedAnswers has answers that a real agent does not give on demand.
func TestFakedAnswers(t *testing.T) {
	t.Parallel()
	entries := []*api.ServiceEntry{consultest.Entry("n", "a", "10.0.0.1", 80, "passing")}
	tests := []struct {
		name   string
		reply  consultest.Reply
		change func(*Config)
		kind   error
		says   string
	}{
		{"server error", consultest.Reply{Status: 500, Text: "No cluster leader"}, nil, ErrUnreachable, "No cluster leader"},
		{"shutting down", consultest.Reply{Status: 500, Text: "rpc error: grpc: the client connection is closing"}, nil, ErrUnreachable, "closing"},
		{"too many connections", consultest.Reply{Status: 429, Text: "Your IP is issuing too many concurrent connections"}, nil, ErrUnreachable, "429"},
		{"forbidden", consultest.Reply{Status: 403, Text: "Permission denied"}, nil, ErrPermission, "Permission denied"},
		{"unauthorized by a proxy", consultest.Reply{Status: 401, Text: "who are you"}, nil, ErrPermission, "401"},
		{"partly filtered", consultest.Reply{Filtered: true, Body: entries}, nil, ErrPermission, "ACLs have filtered the answer"},
		{"wholly filtered", consultest.Reply{Filtered: true}, nil, ErrPermission, "ACLs have filtered the answer"},
		{"empty without a leader", consultest.Reply{NoLeader: true}, nil, ErrUnreachable, "no leader"},
		{"stale", consultest.Reply{LastContact: time.Minute, Body: entries}, func(c *Config) { c.Consistency = ConsistencyStale }, ErrUnreachable, "1m0s old"},
		{"half an answer", consultest.Reply{Cut: true, Body: entries}, nil, ErrUnreachable, "unexpected EOF"},
		{"not JSON", consultest.Reply{Text: "<html>welcome</html>"}, nil, ErrUnreachable, "invalid character"},
		{"not a list", consultest.Reply{Text: `{"a": 1}`}, nil, ErrUnreachable, "cannot unmarshal"},
		{"not Consul", consultest.Reply{Status: 404, Text: "404\npage not found"}, nil, ErrUnreachable, `404: "404\npage not found"`},
		{"redirection", consultest.Reply{Status: 301, Text: "go away"}, nil, ErrUnreachable, "301"},
		{"hanging", consultest.Reply{Hang: true}, func(c *Config) { c.Timeout = 50 * time.Millisecond }, ErrUnreachable, "no answer within 50ms"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake := consultest.NewFake(func(consultest.Query) consultest.Reply { return tt.reply })
			c := Config{Addr: fake.Serve(t), Service: "web"}
			if tt.change != nil {
				tt.change(&c)
			}
			e := failure(t, open(t, c))
			require.ErrorIs(t, e, tt.kind)
			require.ErrorContains(t, e, tt.says)
			for _, other := range []error{ErrConfig, ErrUnreachable, ErrPermission, ErrFilter, ErrIdentity} {
				require.Equal(t, errors.Is(tt.kind, other), errors.Is(e, other), "%v", other)
			}
		})
	}
}

// TestNodesWithoutALeader is valid: the last state that the server knew.
func TestNodesWithoutALeader(t *testing.T) {
	t.Parallel()
	entries := []*api.ServiceEntry{consultest.Entry("n", "a", "10.0.0.1", 80, "passing")}
	fake := consultest.NewFake(consultest.Replies(consultest.Reply{NoLeader: true, Body: entries}))
	require.Len(t, nodesOf(t, open(t, Config{Addr: fake.Serve(t), Service: "web"})), 1)
}

// TestEveryServiceOrNone fails one of many services in the middle.
func TestEveryServiceOrNone(t *testing.T) {
	t.Parallel()
	services := map[string][]string{}
	for i := range 50 {
		services[string(rune('A'+i))] = nil
	}
	fake := consultest.NewFake(func(q consultest.Query) consultest.Reply {
		switch q.Path {
		case "/catalog/services":
			return consultest.Reply{Index: 1, Body: services}
		case "/health/service/P":
			return consultest.Reply{Status: 500, Text: "not today"}
		}
		if q.Path > "/health/service/P" {
			return consultest.Reply{Hang: true} // until it is canceled
		}
		return consultest.Reply{Index: 1, Body: []*api.ServiceEntry{consultest.Entry("n", q.Path, "10.0.0.1", 80, "passing")}}
	})
	e := failure(t, open(t, Config{Addr: fake.Serve(t)}))
	require.Equal(t, "P", e.Service)
	require.ErrorContains(t, e, "not today")
	require.Less(t, len(fake.Queries()), 1+50, "the rest is not asked")
}

// TestHintToAProxy blames a proxy that refuses, and not the agent behind it. The
// environment is read once in a process, so the transport names the proxy here.
func TestHintToAProxy(t *testing.T) {
	t.Parallel()
	transport := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "127.0.0.1:1"})}
	defer transport.CloseIdleConnections()
	client, err := api.NewClient(&api.Config{Address: "192.0.2.1:8500", HttpClient: &http.Client{Transport: transport}})
	require.NoError(t, err)
	e := failure(t, open(t, Config{Client: client, Service: "web"}))
	require.ErrorIs(t, e, ErrUnreachable)
	require.Contains(t, e.Hint(), "HTTP_PROXY")
}

// TestHintToACertificate gives the alerts of both versions of TLS. A server may
// close the connection before they are read, so it cannot be asked for one.
func TestHintToACertificate(t *testing.T) {
	t.Parallel()
	for _, seen := range []string{"remote error: tls: certificate required", "remote error: tls: bad certificate"} {
		require.Contains(t, hintToReach(errors.New(seen)), "CONSUL_CLIENT_CERT", seen)
	}
}
