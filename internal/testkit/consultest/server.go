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
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/hashicorp/go-cleanhttp"
	"github.com/stretchr/testify/require"
)

// On an idle machine an agent starts in 0.15 s and responds in milliseconds. The
// timeouts are generous so that tests also pass on a busy one.
const (
	startTimeout = 2 * time.Minute
	readyTimeout = 10 * time.Second // for one readiness check
)

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
	process           *process
	http              *http.Client
	client            *api.Client
}

// Start starts an agent and waits until it accepts registrations. The agent ends
// with the test. Without a Consul program the test is skipped or fails; see
// [Binary].
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	s := &Server{tb: tb, options: o, program: Binary(tb), dir: tb.TempDir(), Node: o.Node}
	if s.Node == "" {
		s.Node = "node-" + strings.ToLower(rand.Text()[:8])
	}
	s.Token = uuid(tb)
	s.http = cleanhttp.DefaultPooledClient()
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
	require.False(s.tb, s.process.running(), "the agent is still running: Kill or Stop it first")
	o := s.options
	s.options.Addr = s.Addr
	s.launch()
	s.options = o
}

func (s *Server) certify() {
	s.tb.Helper()
	ca := newAuthority(s.tb, s.dir)
	s.CAFile = ca.file
	s.certFile, s.keyFile = ca.issue(s.tb, s.dir, "server")
	s.ClientCert, s.ClientKey = ca.issue(s.tb, s.dir, "client")
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
	s.process, err = launch(s.program, "agent", "-dev", "-config-file="+file)
	require.NoError(s.tb, err)
	s.client = s.newClient()
	deadline := time.Now().Add(startTimeout)
	for err = errors.New("not checked"); err != nil && time.Now().Before(deadline); {
		if !s.process.running() {
			return fmt.Errorf("consul exited:\n%s", s.process.output)
		}
		if err = s.ready(); err != nil {
			time.Sleep(5 * time.Millisecond)
		}
	}
	if err != nil {
		s.process.kill()
		return fmt.Errorf("consul is not ready after %v: %w\n%s", startTimeout, err, s.process.output)
	}
	return nil
}

// ready returns nil if this agent, and not another process on its port, knows a
// leader, lists itself and accepts a registration. An agent responds with 200 for
// about 60 ms before it can do any of that.
func (s *Server) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	leader, err := s.client.Status().LeaderWithQueryOptions((&api.QueryOptions{}).WithContext(ctx))
	if err != nil {
		return err
	}
	if leader == "" {
		return errors.New("no leader")
	}
	if node, err := s.client.Agent().NodeName(); err != nil || node != s.Node {
		return fmt.Errorf("node %q responds instead of %q: %w", node, s.Node, err)
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
func (s *Server) Kill() { s.process.kill() }

// Stop sends SIGTERM to the agent, which then closes its connections, and waits
// for its end.
func (s *Server) Stop() {
	s.tb.Helper()
	require.NoError(s.tb, s.process.signal(syscall.SIGTERM))
	select {
	case <-s.process.gone:
	case <-time.After(startTimeout):
		require.FailNow(s.tb, "consul does not exit", s.process.output.String())
	}
}

// Suspend stops the agent with SIGSTOP: the kernel still accepts connections to
// its ports, but the agent does not respond until Resume.
func (s *Server) Suspend() {
	s.tb.Helper()
	require.NoError(s.tb, s.process.signal(syscall.SIGSTOP))
	require.Eventually(s.tb, func() bool {
		return suspended(s.process.cmd.Process.Pid) && !s.responds(50*time.Millisecond)
	}, startTimeout, time.Millisecond)
}

func (s *Server) responds(within time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	_, err := s.client.Status().LeaderWithQueryOptions((&api.QueryOptions{}).WithContext(ctx))
	return err == nil
}

// Resume continues a suspended agent.
func (s *Server) Resume() {
	s.tb.Helper()
	require.NoError(s.tb, s.process.signal(syscall.SIGCONT))
}

// cleanUp ends the agent, releases its ports, and logs its output if the test
// failed.
func (s *Server) cleanUp() {
	defer s.unlock()
	if s.process == nil {
		return
	}
	s.process.kill()
	s.http.CloseIdleConnections()
	if s.tb.Failed() {
		s.tb.Logf("output of consul at %s:\n%s", s.Addr, s.process.output)
	}
}

// uuid returns a random UUID, the form of ACL tokens.
func uuid(tb testing.TB) string {
	tb.Helper()
	var b [16]byte
	_, err := rand.Read(b[:])
	require.NoError(tb, err)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
