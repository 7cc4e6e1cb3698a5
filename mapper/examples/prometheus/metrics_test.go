package prometheus

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

// script is a source whose states are sent to it.
type script chan func() ([]mapper.Node, error)

func (s script) Nodes(context.Context) ([]mapper.Node, error) { return (<-s)() }

func (s script) Watch(ctx context.Context) iter.Seq[mapper.Update] {
	return func(yield func(mapper.Update) bool) {
		for {
			select {
			case next := <-s:
				nodes, err := next()
				if !yield(mapper.Update{Nodes: nodes, Err: err}) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

func (s script) nodes(names ...string) {
	s <- func() (nodes []mapper.Node, err error) {
		for _, name := range names {
			nodes = append(nodes, mapper.Node{Name: name})
		}
		return nodes, nil
	}
}

// first owns every key, so that all keys move when the first node changes.
func first(nodes []mapper.Node) (string, error) { return nodes[0].Name, nil }

func TestMetricsOfAView(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	metrics := New(registry, "web")
	source := make(script, 1)
	source.nodes("a", "b")
	view, err := mapper.FollowWith(t.Context(), source, first, mapper.FollowConfig[string]{
		Observe: metrics.Observe,
		Owner:   func(owner, _ string) string { return owner },
	})
	require.NoError(t, err)
	defer view.Close()
	metrics.Age(view.Age)

	source.nodes("b")
	source <- func() ([]mapper.Node, error) { return nil, errors.New("unavailable") }
	require.Eventually(t, func() bool { return view.Err() != nil && view.Age() > 0 && testutil.ToFloat64(metrics.errors) == 1 }, time.Minute, time.Millisecond)
	const names = "proxenos_updates_total proxenos_errors_total proxenos_nodes proxenos_failing proxenos_moved_keys_ratio_total"
	want := func(failing string) string {
		return `
# HELP proxenos_errors_total Failures of the source, including repeated ones.
# TYPE proxenos_errors_total counter
proxenos_errors_total{source="web"} 1
# HELP proxenos_failing 1 while the source fails, else 0.
# TYPE proxenos_failing gauge
proxenos_failing{source="web"} ` + failing + `
# HELP proxenos_moved_keys_ratio_total Sum of the fractions of keys moved by updates.
# TYPE proxenos_moved_keys_ratio_total counter
proxenos_moved_keys_ratio_total{source="web"} 1
# HELP proxenos_nodes Number of nodes of the value.
# TYPE proxenos_nodes gauge
proxenos_nodes{source="web"} 1
# HELP proxenos_updates_total Values built from nodes.
# TYPE proxenos_updates_total counter
proxenos_updates_total{source="web"} 2
`
	}
	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(want("1")), strings.Fields(names)...))
	count, err := testutil.GatherAndCount(registry, "proxenos_age_seconds", "proxenos_build_seconds")
	require.NoError(t, err)
	require.Equal(t, 2, count)

	source.nodes("b")
	require.Eventually(t, func() bool { return testutil.ToFloat64(metrics.failing) == 0 }, time.Minute, time.Millisecond)
	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(want("0")), strings.Fields(names)...), "an equal set of nodes is not rebuilt")
}
