package kubernetes

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/servertest"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

const (
	rollingPods = 10
	rollingKeys = 2000
)

// rollout is how a workload restarts its pods one after the other: the endpoints
// of the service at each step.
type rollout struct {
	server  *servertest.APIServer
	service string
	now     []target
	seen    func() // waits until the view has followed
}

func (r *rollout) step(change func()) {
	change()
	apply(r.server, r.service, r.service, 80, r.now...)
	r.seen()
}

func (r *rollout) set(i int, state string) { r.now[i].state = state }

// pod returns the name of the pod at a place in its nth life.
func (r *rollout) pod(kind string, place, life int) string {
	if kind == "StatefulSet" {
		return fmt.Sprintf("%s-%d", r.service, place)
	}
	return fmt.Sprintf("%s-%c%d", r.service, 'a'+place, life)
}

// start creates the pods of a place's life, with the label that stays.
func (r *rollout) start(kind string, place, life int) target {
	name := r.pod(kind, place, life)
	createPod(r.server, name, map[string]string{"shard": fmt.Sprintf("shard-%d", place)}, nil)
	return target{pod: name, address: fmt.Sprintf("10.%d.0.%d", life, place+1), node: fmt.Sprintf("node-%d", place), state: stateReady}
}

// restart restarts every pod as the controller of the workload does: a Deployment
// starts the next pod first, the others end the last one first.
func (r *rollout) restart(kind string) {
	for place := range rollingPods {
		old := r.now[place].pod
		if kind == "Deployment" {
			next := r.start(kind, place, 2)
			r.step(func() { r.now = append(r.now, next) }) // with maxSurge 1 it is ready before the old one ends
			r.step(func() { r.set(place, stateServing) })
			deletePod(r.server, old)
			r.step(func() { r.now[place] = next; r.now = r.now[:rollingPods] })
			continue
		}
		r.step(func() { r.set(place, stateServing) })
		deletePod(r.server, old)
		kept := r.now
		r.step(func() { r.now = slices.Delete(slices.Clone(kept), place, place+1) })
		next := r.start(kind, place, 2)
		next.state = stateNotReady
		r.step(func() { r.now = kept; r.now[place] = next })
		r.step(func() { r.set(place, stateReady) })
	}
}

// testRollingRestart measures how many keys a rolling restart moves, for the
// workloads and identities of the table in the package comment. A key that leaves
// its node and returns has moved twice.
func testRollingRestart(t *testing.T, server *servertest.APIServer) {
	label := IdentityLabel("shard")
	for _, c := range []struct {
		name, kind string
		config     Config
		moves      float64 // per key
		after      float64 // the share of keys on a node of another name
	}{
		{"pod of a Deployment", "Deployment", Config{}, 1.9, 1},
		{"address of a Deployment", "Deployment", Config{Identity: IdentityAddress}, 1.9, 1},
		{"node of a DaemonSet", "DaemonSet", Config{Identity: IdentityNode}, 2, 0},
		{"pod of a StatefulSet", "StatefulSet", Config{}, 2, 0},
		{"address of a StatefulSet", "StatefulSet", Config{Identity: IdentityAddress}, 1.9, 1},
		{"label of a StatefulSet", "StatefulSet", Config{Identity: label}, 2, 0},
		{"any pod of a StatefulSet", "StatefulSet", Config{Ready: ReadyAny}, 2, 0},
		{"ordinal of a StatefulSet", "StatefulSet", Config{}, 0, 0},
	} {
		if testing.Short() && c.kind != "Deployment" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			service := newService()
			if c.name == "ordinal of a StatefulSet" {
				c.config.StatefulSet = service
				createStatefulSet(server, service)
			}
			moves, after := roll(t, server, service, c.kind, c.config)
			t.Logf("%s: %.2f moves for each key; %.0f%% of the keys on another node", c.name, moves, 100*after)
			require.InDelta(t, c.moves, moves, 0.25)
			require.InDelta(t, c.after, after, 0.02)
		})
	}
}

func createStatefulSet(server *servertest.APIServer, name string) {
	labels := map[string]string{"app": name}
	server.Call(http.MethodPost, statefulSetsPath, map[string]any{
		"metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"replicas": rollingPods, "serviceName": name, "selector": map[string]any{"matchLabels": labels},
			"template": map[string]any{
				"metadata": map[string]any{"labels": labels},
				"spec":     map[string]any{"containers": []map[string]any{{"name": "c", "image": "i"}}},
			},
		},
	}, nil)
}

// roll restarts the pods of a workload under a watch and counts the moves.
func roll(t *testing.T, server *servertest.APIServer, service, kind string, c Config) (moves, after float64) {
	t.Helper()
	r := &rollout{server: server, service: service, seen: func() {}}
	for place := range rollingPods {
		r.now = append(r.now, r.start(kind, place, 1))
	}
	r.step(func() {})
	s := at(t, server, service, func(to *Config) {
		to.Identity, to.Ready, to.StatefulSet = c.Identity, c.Ready, c.StatefulSet
	})
	var owners, first []string
	moved := 0
	look := func(nodes []mapper.Node) {
		set, err := rendezvous.Build(nodes)
		require.NoError(t, err)
		next := make([]string, rollingKeys)
		for i := range next {
			n, ok := set.Select(fmt.Sprint("key-", i))
			require.True(t, ok)
			next[i] = n.Name
			if owners != nil && owners[i] != next[i] {
				moved++
			}
		}
		owners = next
	}
	w := follow(t, s)
	u := w.next()
	require.Len(t, u.Nodes, rollingPods)
	look(u.Nodes)
	first = owners
	r.seen = func() {
		want, err := s.Nodes(t.Context())
		require.NoError(t, err)
		if mapper.Equal(u.Nodes, want) {
			return // this step changes nothing that counts
		}
		for u = w.next(); !mapper.Equal(u.Nodes, want); u = w.next() {
			require.NoError(t, u.Err)
		}
		look(u.Nodes)
	}
	r.restart(kind)
	elsewhere := 0
	for i := range first {
		if first[i] != owners[i] {
			elsewhere++
		}
	}
	return float64(moved) / rollingKeys, float64(elsewhere) / rollingKeys
}
