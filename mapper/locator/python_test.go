package locator

import (
	"context"
	"encoding/json"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
	"github.com/proxenos/proxenos/internal/testkit/logbuf"
	"github.com/proxenos/proxenos/mapper"
)

// generatePython generates the Python code of the service.
func generatePython(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	run(t, peerProgram(t, "thrift"), "-out", dir, "--gen", "py", "idl/locator.thrift")
	return dir
}

// python returns a Python with the Thrift library: that of the system or the first
// in PATH.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import thrift").Run() == nil {
			return name
		}
	}
	return peerProgram(t, "python3 with python3-thrift")
}

// pythonNode is a node in Python.
type pythonNode struct {
	port int
	log  logbuf.Buffer // of the output
	stop func()        // interrupts it and waits
}

// calls returns the calls that the node received, one a line.
func (p *pythonNode) calls() string { return p.log.String() }

func (p *pythonNode) node() mapper.Node { return newNode("127.0.0.1", uint16(p.port)) }

func startPython(t *testing.T, dir string, port, peer int) *pythonNode {
	t.Helper()
	p := &pythonNode{port: port}
	args := []string{"testdata/peer.py", dir, "serve", strconv.Itoa(p.port)}
	if peer > 0 {
		args = append(args, strconv.Itoa(peer))
	}
	cmd := exec.Command(python(t), args...)
	cmd.Stdout, cmd.Stderr = &p.log, t.Output()
	require.NoError(t, cmd.Start())
	p.stop = sync.OnceFunc(func() {
		if !strings.HasSuffix(p.calls(), "die\n") {
			_ = cmd.Process.Signal(syscall.SIGINT)
		}
		hurry := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		defer hurry.Stop()
		assert.NoError(t, cmd.Wait())
	})
	t.Cleanup(p.stop)
	client := NewClient(p.node().Addr, CallConfig{})
	eventually(t, func() bool { return client.Ping(t.Context()) == nil })
	return p
}

// A Python client makes every call to a Go server.
func TestPythonClient(t *testing.T) {
	t.Parallel()
	dir := generatePython(t)
	s, err := Listen(t.Context(), Config{
		Port: freeport.Take(t), Algorithm: byHash, AllowDie: true, AllowDebug: true, Log: testLog(t),
	})
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.WithoutCancel(t.Context()), nil) }()
	port, err := portOf(locationOf(s.Self()))
	require.NoError(t, err)
	cmd := exec.Command(python(t), "testdata/peer.py", dir, "call", strconv.Itoa(int(port)))
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	require.NoError(t, err)
	require.NoError(t, <-done, "die ends the server")

	here := []any{"127.0.0.1", float64(port)}
	var got map[string]any
	require.NoError(t, json.Unmarshal(out, &got))
	assert.Equal(t, map[string]any{
		"ping": nil, "debug": nil, "add": nil, "remove": nil, "join": nil, "die": nil,
		"service_type":  "locator.Locator",
		"service_types": []any{"locator.Base", "locator.Locator"},
		"get_all":       []any{here},
		"get_node":      here,
		"bogus":         []any{"bogus", 3., 7., 1., "Unknown function bogus"},
	}, got)
}

// A Go client makes every call to a Python server.
func TestPythonServer(t *testing.T) {
	t.Parallel()
	dir := generatePython(t)
	p := startPython(t, dir, freeport.Take(t), 0)
	ctx, c := t.Context(), NewClient(p.node().Addr, CallConfig{})
	require.NoError(t, c.Ping(ctx))
	service, err := c.ServiceType(ctx)
	require.NoError(t, err)
	assert.Equal(t, "locator.Locator", service)
	services, err := c.ServiceTypes(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{"locator.Base", "locator.Locator"}, services)
	require.NoError(t, c.Debug(ctx))
	nodes, err := c.Nodes(ctx)
	require.NoError(t, err)
	assert.Equal(t, []mapper.Node{p.node()}, nodes, "falls back to the call of 2009")
	owner, err := c.Owner(ctx, "touché")
	require.NoError(t, err)
	assert.Equal(t, p.node(), owner)
	ghost := newNode("127.0.0.1", 1)
	require.NoError(t, c.Add(ctx, ghost, []mapper.Node{p.node()}))
	require.NoError(t, c.Remove(ctx, ghost, []mapper.Node{p.node()}))
	other := start(t, Config{Port: freeport.Take(t), Refresh: -1})
	require.NoError(t, c.Join(ctx, other.Self()))
	require.NoError(t, c.Ping(ctx))
	require.NoError(t, c.Die(ctx))
	eventually(t, func() bool { return strings.HasSuffix(p.calls(), "die\n") })
	p.stop() // announces its leave to the other node
	for _, call := range []string{"service_type\n", "service_types\n", "debug ", "get_all\n", "get_node touché\n", "add 1 [", "remove 1 [", "join "} {
		assert.Contains(t, p.calls(), call)
	}
}

// Python and Go nodes form one network. The calls and their authorities are those
// observed in 2009.
func TestMixedNetwork(t *testing.T) {
	t.Parallel()
	dir := generatePython(t)
	a := startPython(t, dir, freeport.Take(t), 0)
	legacy := func(peer mapper.Node) running {
		return start(t, Config{Port: freeport.Take(t), Peer: peer.Addr, Legacy: true})
	}
	b := legacy(a.node())
	knows := func(n int, nodes ...mapper.Node) {
		t.Helper()
		for _, node := range nodes {
			c := NewClient(node.Addr, CallConfig{})
			eventually(t, func() bool {
				all, err := c.Nodes2009(t.Context())
				return err == nil && len(all) == n
			})
		}
	}
	knows(2, a.node(), b.Self())
	assert.Contains(t, a.calls(), "get_all\njoin "+strconv.Itoa(portNumber(t, b.Self()))+"\n")
	c := startPython(t, dir, freeport.Take(t), portNumber(t, b.Self()))
	knows(3, a.node(), b.Self(), c.node())
	text := strconv.Itoa(portNumber(t, b.Self()))
	assert.Contains(t, a.calls(), "add "+strconv.Itoa(c.port)+" ["+text+", "+text+"]\n", "the node that serves the join is an authority twice")
	d := legacy(c.node())
	knows(4, a.node(), b.Self(), c.node(), d.Self())
	c.stop()
	knows(3, a.node(), b.Self(), d.Self())
	d.stop()
	knows(2, a.node(), b.Self())
	b.stop()
	knows(1, a.node())
}

func portNumber(t *testing.T, n mapper.Node) int {
	t.Helper()
	port, err := portOf(locationOf(n))
	require.NoError(t, err)
	return int(port)
}
