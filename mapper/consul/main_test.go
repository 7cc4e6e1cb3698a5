package consul

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/proxenos/proxenos/internal/testkit/consultest"
	"github.com/proxenos/proxenos/mapper"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Time limits of tests against real agents. On an idle machine each wait
// takes milliseconds.
const (
	patience = time.Minute
	tick     = 5 * time.Millisecond
)

// open makes a source that is closed with the test.
func open(tb testing.TB, c Config) *Source {
	tb.Helper()
	s, err := New(c)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Close()) })
	return s
}

// of makes a source of the service web at an agent, with a timeout for a busy
// machine.
func of(tb testing.TB, agent *consultest.Server, change func(*Config)) *Source {
	tb.Helper()
	c := Config{Addr: agent.Addr, Service: "web", Timeout: patience}
	if change != nil {
		change(&c)
	}
	return open(tb, c)
}

// nodesOf returns the nodes of a source that must answer.
func nodesOf(tb testing.TB, s *Source) []mapper.Node {
	tb.Helper()
	nodes, err := s.Nodes(tb.Context())
	require.NoError(tb, err)
	return nodes
}

// names returns the names of the nodes.
func names(nodes []mapper.Node) []string {
	out := make([]string, len(nodes))
	for i, n := range nodes {
		out[i] = n.Name
	}
	return out
}
