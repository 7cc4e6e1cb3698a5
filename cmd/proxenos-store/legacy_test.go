package main

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/mapper/locator"
)

const locatorDir = "../../mapper/locator/"

// python returns a Python with the Thrift library, and the directory of the
// generated code, to run nodes that behave like those of 2009.
func python(t *testing.T) (program, generated string) {
	t.Helper()
	missing := func() {
		if os.Getenv("PROXENOS_REQUIRE_PEERS") == "1" {
			t.Fatal("no Thrift for Python: apt-get install thrift-compiler python3-thrift python3")
		}
		t.Skip("no Thrift for Python")
	}
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import thrift").Run() == nil {
			program = name
		}
	}
	if _, err := exec.LookPath("thrift"); err != nil || program == "" {
		missing()
	}
	generated = t.TempDir()
	for _, idl := range []string{locatorDir + "idl/locator.thrift", "internal/peerwire/peer.thrift"} {
		out, err := exec.Command("thrift", "-I", locatorDir+"idl", "-out", generated, "--gen", "py", idl).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	return program, generated
}

// pythonNode is a node in Python.
type pythonNode struct {
	addr string
	stop func()
}

func startPython(t *testing.T, program, generated, peer string) *pythonNode {
	t.Helper()
	port := freePort(t)
	args := []string{locatorDir + "testdata/peer.py", generated, "serve", port}
	if peer != "" {
		_, peerPort, err := net.SplitHostPort(peer)
		require.NoError(t, err)
		args = append(args, peerPort)
	}
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	require.NoError(t, cmd.Start())
	n := &pythonNode{addr: net.JoinHostPort("127.0.0.1", port)}
	ended := false
	n.stop = func() {
		if !ended {
			ended = true
			require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
			hurry := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
			assert.NoError(t, cmd.Wait())
			hurry.Stop()
		}
	}
	t.Cleanup(n.stop)
	awaitAnswer(t, n.addr)
	return n
}

func awaitAnswer(t *testing.T, addr string) {
	t.Helper()
	c := locator.NewClient(addr, locator.CallConfig{})
	require.Eventually(t, func() bool { return c.Ping(t.Context()) == nil }, patience, 10*time.Millisecond)
}

// startLegacy starts a node with --legacy.
func startLegacy(t *testing.T, args ...string) *server {
	t.Helper()
	port := freePort(t)
	s := launch(t, append([]string{"--legacy", "-p", port}, args...)...)
	s.addr = net.JoinHostPort("127.0.0.1", port)
	awaitAnswer(t, s.addr)
	return s
}

// Python and Go nodes form one network: keys move to nodes that join and from nodes
// that leave, and every node returns every key.
func TestLegacyNetwork(t *testing.T) {
	t.Parallel()
	program, generated := python(t)
	all := func(addrs ...string) {
		t.Helper()
		for _, addr := range addrs {
			require.EventuallyWithT(t, func(c *assert.CollectT) {
				out, stderr, code := run(t, "test", "-h", addr)
				assert.Zero(c, code, stderr)
				assert.Len(c, strings.Fields(out), 26)
			}, patience, 50*time.Millisecond, addr)
		}
	}
	a := startPython(t, program, generated, "")
	b := startLegacy(t, "-h", a.addr)
	members(t, 2, a.addr, b.addr)
	_, stderr, code := run(t, "prime", "-h", b.addr)
	require.Zero(t, code, stderr)
	all(a.addr, b.addr)
	for _, addr := range []string{a.addr, b.addr} {
		_, stderr, code = run(t, "put", "-h", addr, "touché", "café of "+addr)
		require.Zero(t, code, stderr)
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			out, stderr, code := run(t, "get", "-h", a.addr, "touché")
			assert.Zero(c, code, stderr)
			assert.Equal(c, "café of "+addr+"\n", out)
		}, patience, 10*time.Millisecond)
	}
	c := startPython(t, program, generated, b.addr)
	members(t, 3, a.addr, b.addr, c.addr)
	all(a.addr, b.addr, c.addr)
	require.NoError(t, b.end(syscall.SIGTERM))
	members(t, 2, a.addr, c.addr)
	all(a.addr, c.addr)
	d := startLegacy(t, "-h", c.addr)
	members(t, 3, a.addr, c.addr, d.addr)
	a.stop()
	members(t, 2, c.addr, d.addr)
	c.stop()
	members(t, 1, d.addr)
	all(d.addr)

	_, stderr, code = run(t, "delete", "-h", d.addr, "A")
	assert.Equal(t, 78, code)
	assert.Contains(t, stderr, "supports only the calls of 2009")
}

func members(t *testing.T, n int, addrs ...string) {
	t.Helper()
	for _, addr := range addrs {
		c := locator.NewClient(addr, locator.CallConfig{})
		require.Eventually(t, func() bool {
			nodes, err := c.Nodes(t.Context())
			return err == nil && len(nodes) == n
		}, patience, 10*time.Millisecond, addr)
	}
}

// A replicated store serves clients of 2009 and rejects nodes of 2009.
func TestLegacyClientsOfReplicatedStore(t *testing.T) {
	t.Parallel()
	first := found(t)
	second := serve(t, "-h", first.addr, "-p", freePort(t))
	program, generated := python(t)
	legacyCall := func(call, addr string, args ...string) string {
		_, port, err := net.SplitHostPort(addr)
		require.NoError(t, err)
		cmd := exec.Command(program, append([]string{locatorDir + "testdata/peer.py", generated, call, port}, args...)...)
		cmd.Stderr = t.Output()
		out, err := cmd.Output()
		require.NoError(t, err)
		return string(out)
	}
	legacyCall("put", first.addr, "touché", "café") // one-way: returns before the value is stored
	require.Eventually(t, func() bool { return legacyCall("get", second.addr, "touché") == "café\n" }, patience, 5*time.Millisecond)
	assert.Equal(t, "\n", legacyCall("get", first.addr, "never"))
	out, stderr, code := run(t, "get", "-h", second.addr, "touché")
	assert.Equal(t, "café\n", out, stderr)
	assert.Zero(t, code)

	caller := func(addr string) *peerwire.StoreClient {
		return peerwire.NewStoreClient(locator.NewCaller(addr, locator.CallConfig{}))
	}
	ctx := t.Context()
	service, err := caller(first.addr).ServiceType(ctx)
	require.NoError(t, err)
	assert.Equal(t, "diststore.Store", service)
	_, err = caller(first.addr).GetAll(ctx)
	require.ErrorContains(t, err, "started with --legacy")

	legacy := launch(t, "--legacy", "-p", freePort(t), "-h", first.addr)
	require.Error(t, <-legacy.done)
	legacy.done = nil
	assert.Contains(t, legacy.stderr(), "this store keeps replicas")
}

func TestJoinLegacyWithoutLegacy(t *testing.T) {
	t.Parallel()
	old := startLegacy(t, "--found")
	_, stderr, code := run(t, "serve", "-h", old.addr, "-p", freePort(t))
	assert.Equal(t, 78, code)
	assert.Contains(t, stderr, "join it with --legacy")
	_, stderr, code = run(t, "serve", "--legacy", "--data", t.TempDir())
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "--data: not supported with --legacy")
}
