package kubernetes

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/servertest"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

// outage is a server that fails, with a view that follows it.
type outage struct {
	server *servertest.APIServer
	source *Source
	view   *mapper.View[*rendezvous.Set[mapper.Node]]
}

// TestOutages has one view follow a server that is killed, suspended and started
// again without its objects. The view keeps its nodes and says that they may be
// stale.
func TestOutages(t *testing.T) {
	t.Parallel()
	server := servertest.StartAPIServer(t)
	apply(server, "web", "web-1", 80, target{pod: "a", address: "10.0.0.1"}, target{pod: "b", address: "10.0.0.2"})
	s := at(t, server, "web", func(c *Config) { c.Timeout, c.ShrinkHold = time.Second, 2*time.Second })
	view, err := mapper.Follow(t.Context(), s, rendezvous.Build)
	require.NoError(t, err)
	defer view.Close()
	o := &outage{server, s, view}
	o.wants(t, "a", "b")
	for i, c := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"kill", o.kill}, {"old version", o.oldVersion}, {"suspend", o.suspend}, {"etcd suspended", o.etcdSuspended}, {"without state", o.withoutState},
	} {
		if i > 0 && testing.Short() {
			return // a fake server does the others in a moment
		}
		if !t.Run(c.name, c.run) {
			return // the next one needs a server that is well
		}
	}
}

// fails waits until the view says that its nodes may be stale, and returns how
// long that took since begin.
func (o *outage) fails(t *testing.T, begin time.Time, nodes ...string) time.Duration {
	t.Helper()
	require.Eventually(t, func() bool { return o.view.Err() != nil }, patience, time.Millisecond)
	took := time.Since(begin)
	require.ErrorIs(t, o.view.Err(), ErrUnreachable)
	require.Equal(t, nodes, names(o.view.Nodes()), "the last set stands")
	_, ok := o.view.Value().Select("a key")
	require.True(t, ok, "lookups go on")
	require.Positive(t, o.view.Age())
	return took
}

// wants waits until the view has these nodes and is sure of them.
func (o *outage) wants(t *testing.T, nodes ...string) {
	t.Helper()
	require.Eventually(t, func() bool {
		s := o.view.State()
		return s.Set.Err == nil && slices.Equal(names(s.Set.Nodes), nodes)
	}, patience, time.Millisecond, "%v", nodes)
}

func (o *outage) kill(t *testing.T) {
	begin := time.Now()
	o.server.Kill()
	t.Logf("a killed server is noticed after %v", o.fails(t, begin, "a", "b"))
	o.server.Restart()
	o.wants(t, "a", "b")
	apply(o.server, "web", "web-1", 80, target{pod: "a", address: "10.0.0.1"}, target{pod: "c", address: "10.0.0.3"})
	o.wants(t, "a", "c")
}

// oldVersion watches from a version before the start of the server, which is older
// than its cache.
func (o *outage) oldVersion(t *testing.T) {
	m := &mirror[sliceObject]{source: o.source, resource: o.source.slices(), uids: map[string]string{}, version: "1", send: func(change) {}}
	err := m.watch(t.Context())
	require.True(t, isGone(err), "%v", err)
}

func (o *outage) suspend(t *testing.T) {
	begin := time.Now()
	o.server.Suspend()
	took := o.fails(t, begin, "a", "c")
	require.Less(t, took, o.source.config.Wait/2, "pings find it, long before the end of the watch")
	t.Logf("a suspended server is noticed after %v", took)
	o.server.Resume()
	o.wants(t, "a", "c")
}

// etcdSuspended has a server that answers watches from its cache, and cannot list.
func (o *outage) etcdSuspended(t *testing.T) {
	w := follow(t, at(t, o.server, "web", func(c *Config) { c.Timeout, c.Wait = time.Second, minWait }))
	w.nodes("a", "c")
	o.server.Etcd.Suspend()
	u := w.until("the failure", failsWith(ErrUnreachable))
	require.ErrorContains(t, u.Err, "list endpointslices")
	require.Equal(t, []string{"a", "c"}, namesOf(u))
	o.server.Etcd.Resume()
	w.until("recovery", is("a", "c"))
}

// withoutState reads the updates, because the hold may be over before the server
// counts as ready.
func (o *outage) withoutState(t *testing.T) {
	w := follow(t, o.source)
	w.nodes("a", "c")
	o.server.RestartEmpty()
	u := w.until("the hold", func(u mapper.Update) bool { return isHeld(u.Err) })
	require.Equal(t, []string{"a", "c"}, namesOf(u))
	apply(o.server, "web", "web-9", 80, target{pod: "c", address: "10.0.0.3"}, target{pod: "d", address: "10.0.0.4"})
	w.until("the new set", is("c", "d"))
	o.wants(t, "c", "d")
}
