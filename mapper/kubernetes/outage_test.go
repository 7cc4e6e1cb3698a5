package kubernetes

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/servertest"
	"github.com/proxenos/proxenos/mapper"
)

// TestOutages has one watch follow a server that is killed, suspended and started
// again without its objects. The view keeps its nodes and says that they may be
// stale.
func TestOutages(t *testing.T) {
	t.Parallel()
	server := servertest.StartAPIServer(t)
	apply(server, "web", "web-1", 80, target{pod: "a", address: "10.0.0.1"}, target{pod: "b", address: "10.0.0.2"})
	s := at(t, server, "web", func(c *Config) { c.Timeout, c.ShrinkHold = time.Second, 2*time.Second })
	w := follow(t, s)
	w.nodes("a", "b")
	version := s.slices()

	t.Run("kill", func(t *testing.T) {
		w.t = t
		begin := time.Now()
		server.Kill()
		u := w.until("the failure", failsWith(ErrUnreachable))
		t.Logf("a killed server is noticed after %v", time.Since(begin))
		require.Equal(t, []string{"a", "b"}, namesOf(u))
		server.Restart()
		w.until("recovery", is("a", "b"))
		apply(server, "web", "web-1", 80, target{pod: "a", address: "10.0.0.1"}, target{pod: "c", address: "10.0.0.3"})
		w.until("a change", is("a", "c"))
	})
	t.Run("old version", func(t *testing.T) {
		// The watch cache of a restarted server begins at its start.
		m := &mirror[sliceObject]{source: s, resource: version, uids: map[string]string{}, version: "1", send: func(change) {}}
		err := m.watch(t.Context())
		require.True(t, isGone(err), "%v", err)
	})
	t.Run("suspend", func(t *testing.T) {
		w.t = t
		begin := time.Now()
		server.Suspend()
		u := w.until("the failure", failsWith(ErrUnreachable))
		require.Equal(t, []string{"a", "c"}, namesOf(u))
		require.Less(t, time.Since(begin), 30*time.Second, "pings find it, long before the end of the watch")
		t.Logf("a suspended server is noticed after %v", time.Since(begin))
		server.Resume()
		w.until("recovery", is("a", "c"))
	})
	t.Run("etcd suspended", func(t *testing.T) {
		w.t = t
		server.Etcd.Suspend()
		_, err := s.Nodes(t.Context())
		require.ErrorIs(t, err, ErrUnreachable, "a list is not answered from a cache of unknown age")
		server.Etcd.Resume()
		require.Eventually(t, func() bool {
			_, err := s.Nodes(t.Context())
			return err == nil
		}, patience, 10*time.Millisecond)
	})
	t.Run("without state", func(t *testing.T) {
		w.t = t
		server.RestartEmpty()
		u := w.until("the hold", func(u mapper.Update) bool { return isHeld(u.Err) })
		require.Equal(t, []string{"a", "c"}, namesOf(u))
		apply(server, "web", "web-9", 80, target{pod: "c", address: "10.0.0.3"}, target{pod: "d", address: "10.0.0.4"})
		w.until("the new set", is("c", "d"))
	})
}
