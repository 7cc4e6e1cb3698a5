package main

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/command"
)

// asCommand makes this test binary the command, so that tests run real
// processes without building one.
const asCommand = "PROXENOS_STORE_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Exit(command.Main(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func storeCommand(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), asCommand+"=1")
	return c
}

// run runs the command to its end.
func run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, err bytes.Buffer
	c := storeCommand(args...)
	c.Stdout, c.Stderr = &out, &err
	failed := c.Run()
	var exit *exec.ExitError
	if failed != nil && !errors.As(failed, &exit) {
		require.NoError(t, failed)
	}
	return out.String(), err.String(), c.ProcessState.ExitCode()
}

// server is a node in a process of its own.
type server struct {
	t    *testing.T
	cmd  *exec.Cmd
	addr string
	done chan error

	mu  sync.Mutex
	log strings.Builder
}

// Write collects what the process says.
func (s *server) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(p)
}

func (s *server) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// launch starts a process that serves.
func launch(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{t: t, cmd: storeCommand(append([]string{"serve"}, args...)...), done: make(chan error, 1)}
	s.cmd.Stderr = s
	require.NoError(t, s.cmd.Start())
	go func() { s.done <- s.cmd.Wait() }()
	t.Cleanup(func() {
		if s.done != nil {
			_ = s.cmd.Process.Kill()
			_ = s.ended()
		}
		if t.Failed() {
			t.Logf("%s %v said:\n%s", s.addr, args, s.said())
		}
	})
	return s
}

// serve starts a node and waits until it serves.
func serve(t *testing.T, args ...string) *server {
	t.Helper()
	s := launch(t, args...)
	for limit := time.After(60 * time.Second); !strings.Contains(s.said(), "Serving."); {
		select {
		case err := <-s.done:
			s.done = nil
			require.NoError(t, err, "it ended and said: %s", s.said())
		case <-limit:
			require.Fail(t, "it never served", s.said())
		case <-time.After(5 * time.Millisecond):
		}
	}
	_, rest, _ := strings.Cut(s.said(), "Starting the server at ")
	s.addr, _, _ = strings.Cut(rest, "...")
	return s
}

// ended waits for the end.
func (s *server) ended() error { return <-s.done }

// end sends a signal and waits for the end.
func (s *server) end(signal syscall.Signal) error {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(signal))
	err := <-s.done
	s.done = nil
	return err
}

// portCount makes every port that freePort returns another one.
var portCount atomic.Int64

// freePort returns a port that was free just now, and that no connection will
// take as its own end: those are above 32767 here.
func freePort(t *testing.T) string {
	t.Helper()
	for range 1000 {
		port := strconv.Itoa(10000 + (os.Getpid()*61+int(portCount.Add(1)))%9000)
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port)); err == nil {
			require.NoError(t, l.Close())
			return port
		}
	}
	t.Fatal("no free port from 10000 to 19000")
	return ""
}

// found starts a store of its own.
func found(t *testing.T, args ...string) *server {
	t.Helper()
	return serve(t, append([]string{"--found", "-p", freePort(t)}, args...)...)
}

// grow starts n more nodes.
func grow(t *testing.T, first *server, n int, args ...string) []*server {
	t.Helper()
	nodes := []*server{first}
	for range n {
		nodes = append(nodes, serve(t, append([]string{"-h", first.addr, "-p", freePort(t)}, args...)...))
	}
	return nodes
}
