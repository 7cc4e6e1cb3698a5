package consultest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/servertest"
)

// patience bounds waits. It is generous so that tests also pass on a busy
// machine.
const patience = 2 * time.Minute

// Server is a Consul agent in development mode: a server with its state in
// memory. Its methods fail the test instead of returning an error, and must be
// called from the test's goroutine.
type Server struct {
	Addr  string // of the HTTP API, host:port
	HTTPS string // of the HTTPS API, with Options.TLS
	DNS   string // of the DNS interface, UDP and TCP
	Node  string // the name of the agent's node
	Token string // with Options.ACL: a token with all permissions

	// With Options.TLS: the authority of the agent's certificate, and a client
	// certificate of the same authority.
	CAFile, ClientCert, ClientKey string

	tb                testing.TB
	options           Options
	program           string
	dir               string
	certFile, keyFile string
	ports             ports
	lock              net.Listener // of the block of ports
	process           *servertest.Process
	http              *http.Client
	client            *api.Client
}

// Start starts an agent and waits until it accepts registrations. The agent ends
// with the test. Without a Consul program the test is skipped or fails; see
// [servertest.Program].
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	s := &Server{tb: tb, options: o, program: servertest.ConsulProgram.Path(tb), dir: tb.TempDir(), Node: o.Node}
	if s.Node == "" {
		s.Node = "node-" + strings.ToLower(rand.Text()[:8])
	}
	s.Token = uuid(tb)
	s.http = servertest.NewHTTPClient()
	s.http.Timeout = 2 * patience // so that an agent that hangs fails the test that asked it
	if o.TLS {
		s.certify()
	}
	tb.Cleanup(s.cleanUp)
	s.launch()
	return s
}

// Restart starts the agent again, with the same addresses and an empty state.
func (s *Server) Restart() {
	s.tb.Helper()
	require.False(s.tb, s.process.Running(), "the agent is still running: Kill or Stop it first")
	o := s.options
	s.options.Addr = s.Addr
	s.launch()
	s.options = o
}

func (s *Server) certify() {
	s.tb.Helper()
	ca := servertest.NewAuthority(s.tb)
	s.CAFile = ca.File
	s.certFile, s.keyFile = ca.Issue(s.tb, "server")
	s.ClientCert, s.ClientKey = ca.Issue(s.tb, "client")
}

// launch starts the program and waits until it is ready. If the program exits,
// launch retries with other ports, as another process may have taken one.
func (s *Server) launch() {
	s.tb.Helper()
	var err error
	for range 5 {
		s.choosePorts()
		if err = s.try(); err == nil {
			return
		}
	}
	require.NoError(s.tb, err)
}

// choosePorts reserves new ports, unless the agent is restarted.
func (s *Server) choosePorts() {
	s.tb.Helper()
	again := s.process != nil && s.options.Addr != ""
	if !again {
		s.unlock()
		s.ports, s.lock = reserve(s.tb)
	}
	if s.options.Addr != "" {
		_, port, err := net.SplitHostPort(s.options.Addr)
		require.NoError(s.tb, err)
		s.ports.http, err = strconv.Atoi(port)
		require.NoError(s.tb, err)
	}
	s.Addr, s.DNS = loopback(s.ports.http), loopback(s.ports.dns)
	if s.options.TLS {
		s.HTTPS = loopback(s.ports.https)
	}
}

// unlock releases the block of ports.
func (s *Server) unlock() {
	if s.lock != nil {
		_ = s.lock.Close() // it has no connections
	}
}

func (s *Server) try() error {
	s.tb.Helper()
	config, err := json.Marshal(s.config())
	require.NoError(s.tb, err)
	file := filepath.Join(s.dir, "agent.json")
	require.NoError(s.tb, os.WriteFile(file, config, 0o600))
	s.client = s.newClient()
	s.process, err = servertest.TryStart(s.tb, servertest.Command{
		Program: s.program, Args: []string{"agent", "-dev", "-config-file=" + file}, Ready: s.ready,
	})
	return err
}

// ready returns nil if this agent, and not another process on its port, knows a
// leader, lists itself and accepts a registration. An agent responds with 200 for
// about 60 ms before it can do any of that.
func (s *Server) ready(ctx context.Context) error {
	leader, err := s.client.Status().LeaderWithQueryOptions((&api.QueryOptions{}).WithContext(ctx))
	if err != nil {
		return err
	}
	if leader == "" {
		return errors.New("no leader")
	}
	var self struct{ Config struct{ NodeName string } }
	if _, err := s.client.Raw().Query("/v1/agent/self", &self, (&api.QueryOptions{}).WithContext(ctx)); err != nil {
		return err
	}
	if node := self.Config.NodeName; node != s.Node {
		return fmt.Errorf("node %q responds instead of %q", node, s.Node)
	}
	itself, _, err := s.client.Catalog().Service("consul", "", (&api.QueryOptions{}).WithContext(ctx))
	if err != nil {
		return err
	}
	if len(itself) == 0 {
		return errors.New("the agent does not list itself")
	}
	const probe = "proxenos-ready"
	register := &api.CatalogRegistration{
		Node: probe, Address: "127.0.0.1",
		Service: &api.AgentService{Service: probe, ID: probe},
	}
	w := (&api.WriteOptions{}).WithContext(ctx)
	if _, err := s.client.Catalog().Register(register, w); err != nil {
		return err
	}
	_, err = s.client.Catalog().Deregister(&api.CatalogDeregistration{Node: probe}, w)
	return err
}

// newClient ignores the CONSUL_* environment variables, which are for the code
// under test.
func (s *Server) newClient() *api.Client {
	s.tb.Helper()
	c, err := api.NewClient(&api.Config{Address: s.Addr, Scheme: "http", Token: s.Token, HttpClient: s.http})
	require.NoError(s.tb, err)
	return c
}

// Client returns the client that the methods use. It has all permissions.
func (s *Server) Client() *api.Client { return s.client }

// Kill sends SIGKILL to the agent and waits for its end.
func (s *Server) Kill() { s.process.Kill() }

// Stop sends SIGTERM to the agent, which then closes its connections, and waits
// for its end.
func (s *Server) Stop() {
	s.tb.Helper()
	s.process.Stop()
}

// Suspend stops the agent with SIGSTOP: the kernel still accepts connections to
// its ports, but the agent does not respond until Resume.
func (s *Server) Suspend() {
	s.tb.Helper()
	s.process.Suspend()
}

// Resume continues a suspended agent.
func (s *Server) Resume() {
	s.tb.Helper()
	s.process.Resume()
}

// cleanUp releases the ports, after the agent has ended.
func (s *Server) cleanUp() {
	s.unlock()
	s.http.CloseIdleConnections()
}

// uuid returns a random UUID, the form of ACL tokens.
func uuid(tb testing.TB) string {
	tb.Helper()
	var b [16]byte
	_, err := rand.Read(b[:])
	require.NoError(tb, err)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
