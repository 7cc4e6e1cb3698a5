package slots

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/ring/rules"
)

// FuzzParseRanges parses arbitrary text. What it accepts are ranges of slots.
func FuzzParseRanges(f *testing.F) {
	f.Add("0-5460 a\n5461 b\n")
	f.Add("e7d1 127.0.0.1:30001@31001 myself,master - 0 0 1 connected 0-5460 [93-<-292f]\n")
	f.Add("# nothing\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		ranges, err := ParseRanges(text)
		if err != nil {
			require.ErrorIs(t, err, ErrScheme)
			return
		}
		for _, r := range ranges {
			require.True(t, 0 <= r.First && r.First <= r.Last && r.Last < ClusterSlots, "%+v", r)
		}
	})
}

// FuzzManyKeys compares many keys with one, for cuts of a text.
func FuzzManyKeys(f *testing.F) {
	f.Add("user:42 {a}b user:43", 30, 4, 40)
	f.Add("", 5, 0, 1)
	f.Add("xyz", 300, 30, 7)
	f.Fuzz(func(t *testing.T, text string, n, nodes, partitions int) {
		keys := make([]string, max(0, n)%600)
		for i := range keys {
			from := i * 5 % (len(text) + 1)
			keys[i] = text[from : from+i*3%(len(text)-from+1)]
		}
		servers := make([]server, max(0, nodes)%50)
		for i := range servers {
			servers[i] = server{id: fmt.Sprint("node ", i), weight: float64(i % 3)}
		}
		for _, scheme := range []Scheme{Modulo(""), Modulo("twemproxy-fnv1a_64"), EnvoyMaglev(307)} {
			m := newMap(t, scheme, servers...)
			requireMany(t, scheme.String(), m, keys)
			requireMany(t, "partitions of "+scheme.String(), partitionsOf(t, m, partitions), keys)
		}
		set, err := rendezvous.New(servers, rendezvous.Config[server]{ID: server.ID, Weight: server.Weight})
		require.NoError(t, err)
		requireMany(t, "partitions of a set", partitionsOf(t, set, partitions), keys)
		requireMany(t, "partitions of a plain ranking", partitionsOf(t, onlyRank{set}, partitions), keys)
	})
}

// onlyRank is a ranking without Select, SelectN and weights.
type onlyRank struct{ rules.Ranking[server] }

func partitionsOf(t *testing.T, ranking rules.Ranking[server], n int) *Partitions[server] {
	t.Helper()
	p, err := NewPartitions(ranking, PartitionsConfig[server]{ID: server.ID, Partitions: 1 + max(0, n)%300, Bound: 1.1})
	require.NoError(t, err)
	return p
}
