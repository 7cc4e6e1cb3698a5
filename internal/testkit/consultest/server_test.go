package consultest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/proxenos/proxenos/internal/testkit/servertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStartRegisterFlip(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.Register(Instance{Service: "web", ID: "a", Port: 80}, Instance{Service: "web", ID: "b", Port: 81, Status: "warning"},
		Instance{Service: "web", ID: "a", Port: 80, Node: "elsewhere", NodeAddress: "10.0.0.9"})
	entries, _, err := s.Client().Health().Service("web", "", false, nil)
	require.NoError(t, err)
	require.Len(t, entries, 3)

	s.Flip("a", "critical")
	s.Await("web", "a", "critical")
	s.Deregister("web", "b")
	s.DeregisterNode("elsewhere")
	entries, _, err = s.Client().Health().Service("web", "", false, nil)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestServersAreIsolated(t *testing.T) {
	t.Parallel()
	a, b := Start(t, Options{}), Start(t, Options{})
	a.Register(Instance{Service: "only-a"})
	services, _, err := b.Client().Catalog().Services(nil)
	require.NoError(t, err)
	require.NotContains(t, services, "only-a")
}

func TestKillRestart(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	addr := s.Addr
	s.Register(Instance{Service: "web"})
	s.Kill()
	_, err := s.Client().Status().Leader()
	require.Error(t, err, "a killed agent does not respond")
	s.Restart()
	require.Equal(t, addr, s.Addr)
	services, _, err := s.Client().Catalog().Services(nil)
	require.NoError(t, err)
	require.NotContains(t, services, "web", "a restarted agent has no state")
}

func TestStopFixedAddr(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.Stop()
	require.Equal(t, s.Addr, Start(t, Options{Addr: s.Addr}).Addr)
}

// TestReservedPortsAreUnique: no other reservation gets the ports of an agent
// that is dead for a moment.
func TestReservedPortsAreUnique(t *testing.T) {
	t.Parallel()
	p, lock := reserve(t)
	defer lock.Close()
	for range 100 {
		other, lock := reserve(t)
		require.NotEqual(t, p, other)
		require.NoError(t, lock.Close())
	}
}

func TestSuspendResume(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.Suspend()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := s.Client().Status().LeaderWithQueryOptions(new(api.QueryOptions).WithContext(ctx))
	require.ErrorIs(t, err, context.DeadlineExceeded, "a suspended agent does not respond")
	s.Resume()
	_, err = s.Client().Status().Leader()
	require.NoError(t, err)
}

func TestACL(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{ACL: true})
	s.Register(Instance{Service: "web"})
	token := s.Grant(`service_prefix "" { policy = "read" }`)
	s.Revoke(token)
}

func TestServerEndsWithTest(t *testing.T) {
	t.Parallel()
	servertest.ConsulProgram.Path(t)
	var s *Server
	t.Run("server", func(t *testing.T) { s = Start(t, Options{TLS: true}) })
	require.False(t, s.process.Running())
	require.NoDirExists(t, s.dir)
}

// TestServerEndsWithProcess runs a test that panics in a process of its own, and
// checks that its agent is gone.
func TestServerEndsWithProcess(t *testing.T) {
	if os.Getenv("PROXENOS_TEST_PANIC") == "1" {
		s := Start(t, Options{})
		os.Stdout.WriteString("agent " + s.Addr + "\n") //nolint:errcheck // the parent fails without it
		go panic("a panic in a goroutine skips cleanups")
		select {}
	}
	servertest.ConsulProgram.Path(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestServerEndsWithProcess$", "-test.v")
	cmd.Env = append(os.Environ(), "PROXENOS_TEST_PANIC=1")
	out, err := cmd.CombinedOutput()
	require.Error(t, err, "the test panics")
	_, rest, ok := strings.Cut(string(out), "agent ")
	require.True(t, ok, "no agent started:\n%s", out)
	addr, _, _ := strings.Cut(rest, "\n")
	require.Eventually(t, func() bool { return !listens(addr) }, patience, 20*time.Millisecond, "the agent at %s still runs", addr)
}

func listens(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	return c.Close() == nil
}
