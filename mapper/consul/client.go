package consul

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/hashicorp/consul/api"
)

// idleConns is how many connections are kept for reuse: a watch of every service
// has a query under way for each.
const idleConns = 128

// anonymousToken is the secret of the token that Consul assumes for requests
// without one.
const anonymousToken = "anonymous"

// connect makes the client from the environment as Consul's own programs do. The
// address and the token file of the configuration override the environment.
func (s *Source) connect() error {
	if s.config.Client != nil {
		s.client, s.addr = s.config.Client, "the client's address"
		return nil
	}
	if err := checkEnvironment(); err != nil {
		return err
	}
	c := api.DefaultConfig()
	c.Address = inherit(s.config.Addr, c.Address)
	if !strings.Contains(c.Address, "://") && strings.Contains(c.Address, "/") {
		c.Address = c.Scheme + "://" + c.Address // the client knows a path prefix only of a URL
	}
	if strings.Contains(c.Address, "@") {
		return configError("the address holds a password: set CONSUL_HTTP_AUTH instead")
	}
	if err := s.useToken(c); err != nil {
		return err
	}
	c.Transport.MaxIdleConns, c.Transport.MaxIdleConnsPerHost = idleConns, idleConns
	s.addr, s.anonymous = c.Address, c.Token == "" || c.Token == anonymousToken
	if socket, ok := strings.CutPrefix(c.Address, "unix://"); ok {
		useSocket(c, socket)
	}
	var err error
	if c.HttpClient, err = api.NewHttpClient(c.Transport, c.TLSConfig); err != nil {
		return configError("TLS: %w", err)
	}
	c.HttpClient.CheckRedirect = noRedirect
	c.HttpClient.Transport = bounded{c.HttpClient.Transport}
	if s.client, err = api.NewClient(c); err != nil {
		return configError("address %q: %w", s.addr, err)
	}
	s.http = c.HttpClient
	return nil
}

// useSocket connects to a Unix socket through the bounded transport. The
// client would make an unbounded one.
func useSocket(c *api.Config, path string) {
	c.Address = "localhost"
	c.Transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
}

// useToken reads the token, so that a bad file is an error at once. The client
// gets the token and not the file: it would read the file again, which may be a
// pipe.
func (s *Source) useToken(c *api.Config) (err error) {
	path := cmp.Or(s.config.TokenFile, c.TokenFile)
	if path == "" {
		return nil
	}
	s.token, c.TokenFile = &tokenFile{path: path}, ""
	c.Token, err = s.token.read()
	return err
}

// noRedirect returns a redirect as the answer. Agents send none, and the token
// must not follow one to another host.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// checkEnvironment rejects what the client would only log: it reads an invalid
// CONSUL_HTTP_SSL_VERIFY as permission to skip the verification of certificates.
func checkEnvironment() error {
	for _, name := range []string{api.HTTPSSLEnvName, api.HTTPSSLVerifyEnvName} {
		v := os.Getenv(name)
		if v == "" {
			continue
		}
		if _, err := strconv.ParseBool(v); err != nil {
			return configError("%s %q: must be true or false", name, v)
		}
	}
	return nil
}
