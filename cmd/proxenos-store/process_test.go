package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/command"
	"github.com/proxenos/proxenos/internal/testkit/freeport"
	"github.com/proxenos/proxenos/internal/testkit/logbuf"
)

// asCommand is the environment variable that makes the test binary run the
// command, so that tests start processes without a build. With the value tied the
// process exits when its standard input ends, as when the test is killed.
const (
	asCommand = "PROXENOS_STORE_AS_COMMAND"
	tied      = "tied"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(clockFile); path != "" {
		command.Now = func() time.Time { return time.Now().Add(readOffset(path)) }
	}
	if path := os.Getenv(cutFile); path != "" {
		installCuts(path)
	}
	switch os.Getenv(asCommand) {
	case "":
		_ = flag.Set("test.parallel", "6") // they wait for processes most of the time
		testscript.Main(m, map[string]func(){"proxenos-store": main})
	case tied:
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(exitUntied)
		}()
	}
	main()
}

// clockFile is the environment variable for the file with the offset of a node's
// clock, which tests change while the node runs.
const clockFile = "PROXENOS_STORE_CLOCK_FILE"

func readOffset(path string) time.Duration {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	offset, _ := time.ParseDuration(string(raw))
	return offset
}

// exitUntied is the exit code of a tied command whose test has ended.
const exitUntied = 99

func storeCommand(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), asCommand+"=1")
	return c
}

// run runs the command and waits for it to exit.
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

// server is a node in its own process.
type server struct {
	t    *testing.T
	cmd  *exec.Cmd
	addr string
	done chan error
	log  logbuf.Buffer // of the standard error
}

func (s *server) stderr() string { return s.log.String() }

// launch starts a node.
func launch(t *testing.T, args ...string) *server {
	t.Helper()
	return launchCommand(t, storeCommand(append([]string{"serve"}, args...)...))
}

func launchCommand(t *testing.T, cmd *exec.Cmd) *server {
	t.Helper()
	cmd.Env = append(append(os.Environ(), cmd.Env...), asCommand+"="+tied)
	_, err := cmd.StdinPipe() // closes when this process ends
	require.NoError(t, err)
	s := &server{t: t, cmd: cmd, done: make(chan error, 1)}
	cmd.Stderr = &s.log
	require.NoError(t, cmd.Start())
	go func() { s.done <- cmd.Wait() }()
	t.Cleanup(func() {
		if s.done != nil {
			_ = cmd.Process.Kill()
			<-s.done
		}
		if t.Failed() {
			t.Logf("%v wrote:\n%s", cmd.Args, s.stderr())
		}
	})
	return s
}

// serve starts a node and waits until it serves.
func serve(t *testing.T, args ...string) *server {
	t.Helper()
	return launch(t, args...).serves()
}

// serves waits until the node serves.
func (s *server) serves() *server {
	t := s.t
	t.Helper()
	for limit := time.After(3 * time.Minute); !strings.Contains(s.stderr(), "Serving."); {
		select {
		case err := <-s.done:
			s.done = nil
			require.NoError(t, err, "the node exited: %s", s.stderr())
		case <-limit:
			require.Fail(t, "the node does not serve", s.stderr())
		case <-time.After(5 * time.Millisecond):
		}
	}
	_, rest, _ := strings.Cut(s.stderr(), "Starting the server at ")
	s.addr, _, _ = strings.Cut(rest, "...")
	return s
}

// logs waits until the node has written a text to its log.
func (s *server) logs(text string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return strings.Contains(s.stderr(), text) }, patience, 10*time.Millisecond, text)
}

// page returns the URL of the status page.
func (s *server) page() string {
	_, rest, _ := strings.Cut(s.stderr(), "Status at ")
	page, _, _ := strings.Cut(rest, "\n")
	return page
}

// end sends a signal and waits for the process to exit.
func (s *server) end(signal syscall.Signal) error {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(signal))
	err := <-s.done
	s.done = nil
	return err
}

// freePort returns a port reserved for this test.
func freePort(t *testing.T) string {
	t.Helper()
	return strconv.Itoa(freeport.Take(t))
}

// found starts a new store with one node.
func found(t *testing.T, args ...string) *server {
	t.Helper()
	return serve(t, append([]string{"--found", "-p", freePort(t)}, args...)...)
}

// grow starts n more nodes one after the other.
func grow(t *testing.T, first *server, n int, args ...string) []*server {
	t.Helper()
	nodes := []*server{first}
	for range n {
		nodes = append(nodes, serve(t, append([]string{"-h", first.addr, "-p", freePort(t)}, args...)...))
	}
	return nodes
}
