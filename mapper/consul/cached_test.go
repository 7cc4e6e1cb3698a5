package consul

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/retry"
	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/internal/testkit/consultest"
	"github.com/proxenos/proxenos/mapper"
)

// cutOff is the agent of a cluster whose servers are dead between two times. As
// Consul 1.22.5 does, it answers plain queries from its cache as if all was well,
// blocking ones for a while, and refuses what only a server can answer.
func cutOff(from, to time.Time) func(consultest.Query) consultest.Reply {
	return func(q consultest.Query) consultest.Reply {
		now := time.Now()
		dead := now.After(from) && now.Before(to)
		switch cached := q.Values.Has("cached"); {
		case !dead && q.Blocking() || cached && q.Blocking() && now.Before(from.Add(30*time.Second)):
			return after(q.Wait, web(7, "a"))
		case cached && !q.Blocking() || !dead:
			return web(7, "a")
		case q.Blocking():
			return consultest.Reply{After: 1500 * time.Millisecond, Status: 503, Text: "resolver error: resolver produced no addresses"}
		}
		return consultest.Reply{Status: 500, Text: "No known Consul servers"}
	}
}

// TestCachedFailureEndsWithAServer samples a view while the servers are dead.
func TestCachedFailureEndsWithAServer(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		from, to := time.Now().Add(time.Hour), time.Now().Add(time.Hour+10*time.Minute)
		fake := consultest.NewFake(cutOff(from, to))
		source := open(t, Config{Client: fake.Client(t), Service: "web", Consistency: ConsistencyCached})
		view, err := mapper.Follow(t.Context(), source, func(nodes []mapper.Node) (int, error) { return len(nodes), nil })
		require.NoError(t, err)
		defer view.Close()
		s := view.State()
		require.Equal(t, mapper.OriginAgentCache, s.Set.Origin)
		require.WithinDuration(t, time.Now(), s.Set.Confirmed, time.Second, "the first query goes to a server")

		time.Sleep(time.Until(from) + 2*serverEvery)
		synctest.Wait()
		for time.Now().Before(to) {
			s := view.State()
			require.ErrorIs(t, s.Set.Err, ErrUnreachable)
			require.Equal(t, 1, s.Value, "the nodes stand")
			require.Greater(t, s.Age, time.Since(from)-2*serverEvery)
			require.WithinDuration(t, from, s.Set.Confirmed, serverEvery+time.Second)
			time.Sleep(700 * time.Millisecond)
		}
		time.Sleep(retry.LongestPause)
		synctest.Wait()
		require.NoError(t, view.Err())
		require.Zero(t, view.Age())
	})
}

// TestCachedStartsWithoutServers has nothing but the cache from the start: it
// answers, with the reason why it may be stale.
func TestCachedStartsWithoutServers(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		fake := consultest.NewFake(cutOff(time.Now().Add(-time.Hour), time.Now().Add(time.Hour)))
		source := open(t, Config{Client: fake.Client(t), Service: "web", Consistency: ConsistencyCached})
		for u := range source.Watch(t.Context()) {
			require.Equal(t, []string{"n/a"}, names(u.Nodes))
			require.ErrorIs(t, u.Err, ErrUnreachable)
			require.Equal(t, mapper.OriginAgentCache, u.Origin)
			require.Zero(t, u.Confirmed, "not known")
			break
		}
	})
}

func TestAskSaysThatTheAgeOfACacheIsNotKnown(t *testing.T) {
	t.Parallel()
	fake := consultest.NewFake(func(consultest.Query) consultest.Reply { return web(7, "a") })
	for consistency, want := range map[Consistency]mapper.Origin{ConsistencyCached: mapper.OriginAgentCache, ConsistencyStale: mapper.OriginLive} {
		u, err := open(t, Config{Client: fake.Client(t), Service: "web", Consistency: consistency}).Ask(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, u.Origin)
		require.Equal(t, want == mapper.OriginAgentCache, u.Confirmed.IsZero())
	}
}
