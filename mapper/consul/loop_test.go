package consul

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/internal/testkit/consultest"
)

// inBubble watches the service web of a fake, in a bubble where hours pass in
// no time. The waits are 60 s, the timeout 5 s and the hold 10 s unless they
// are changed.
func inBubble(t *testing.T, script func(consultest.Query) consultest.Reply, change func(*Config), check func(*testing.T, *recorder, *consultest.Fake)) {
	t.Helper()
	bubble.Test(t, func(t *testing.T) {
		fake := consultest.NewFake(script)
		c := Config{Client: fake.Client(t), Service: "web", Wait: time.Minute}
		if change != nil {
			change(&c)
		}
		check(t, record(t, open(t, c)), fake)
	})
}

// web is an answer with passing instances on node n.
func web(index uint64, ids ...string) consultest.Reply {
	body := make([]*api.ServiceEntry, len(ids))
	for i, id := range ids {
		body[i] = consultest.Entry("n", id, "10.0.0.1", 80, "passing")
	}
	return consultest.Reply{Index: index, Body: body}
}

func after(d time.Duration, r consultest.Reply) consultest.Reply {
	r.After = d
	return r
}

var (
	broken = consultest.Reply{Status: 500, Text: "No cluster leader"}
	hangs  = consultest.Reply{Hang: true}
)

// asked returns the index that each query blocked on; 0 is a plain query.
func asked(f *consultest.Fake) []uint64 {
	var indexes []uint64
	for _, q := range f.Queries() {
		indexes = append(indexes, q.Index)
	}
	return indexes
}

func TestIndexRules(t *testing.T) {
	tests := []struct {
		name    string
		replies []consultest.Reply
		want    []uint64
		reason  string
	}{
		{"the first is plain", []consultest.Reply{web(7, "a")}, []uint64{0, 7}, "an unknown token is refused only when it asks plainly"},
		{"as given", []consultest.Reply{web(1<<63+5, "a"), web(1<<64-1, "a", "b")}, []uint64{0, 1<<63 + 5, 1<<64 - 1}, "opaque, all 64 bits"},
		{"unchanged", []consultest.Reply{web(7, "a"), web(7, "a"), web(7, "a")}, []uint64{0, 7, 7, 7}, "the wait ran out"},
		{"lower", []consultest.Reply{web(7, "a"), web(3, "a"), web(3, "a")}, []uint64{0, 7, 0, 3}, "the index was reset"},
		{"zero while waiting", []consultest.Reply{web(7, "a"), web(0, "a"), web(9, "a")}, []uint64{0, 7, 0, 9}, "likewise"},
		{"error while waiting", []consultest.Reply{web(7, "a"), broken, web(7, "a")}, []uint64{0, 7, 0, 7}, "the agent may have been restarted"},
		{"half an answer", []consultest.Reply{web(7, "a"), {Index: 9, Cut: true, Body: []string{"x"}}, web(7, "a")}, []uint64{0, 7, 0, 7}, "an error like any other"},
		{"empty while blocking", []consultest.Reply{web(7, "a"), web(8), web(8)}, []uint64{0, 7, 0, 8}, "asked again plainly"},
		{"empty from the start", []consultest.Reply{web(7), web(7), web(8, "a")}, []uint64{0, 7, 7, 8}, "a service can be watched before it exists"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, consultest.Replies(tt.replies...), nil, func(t *testing.T, r *recorder, f *consultest.Fake) {
				time.Sleep(time.Minute)
				require.Equal(t, tt.want, asked(f), tt.reason)
			})
		})
	}
}

func TestBlockingQuery(t *testing.T) {
	inBubble(t, consultest.Replies(web(7, "a")), nil, func(t *testing.T, r *recorder, f *consultest.Fake) {
		r.nodes("n/a")
		synctest.Wait()
		q := f.Queries()
		require.Len(t, q, 2)
		require.Zero(t, q[0].Wait)
		require.Equal(t, time.Minute, q[1].Wait)
		require.Equal(t, "/health/service/web", q[1].Path)
	})
}

func TestEventsReportChanges(t *testing.T) {
	reversed := web(9, "a", "b")
	slices.Reverse(reversed.Body.([]*api.ServiceEntry))
	inBubble(t, consultest.Replies(
		web(7, "a", "b"),
		web(8, "a", "b"), // another index
		reversed,         // another order
		after(time.Second, web(10, "a", "b", "c")),
	), nil, func(t *testing.T, r *recorder, f *consultest.Fake) {
		start := r.nodes("n/a", "n/b").at
		require.Equal(t, time.Second, r.nodes("n/a", "n/b", "n/c").at.Sub(start), "the two between said nothing new")
		r.quiet(30 * time.Second)
	})
}

// TestDeadlines has an agent that takes a query and never answers.
func TestDeadlines(t *testing.T) {
	t.Run("plain", func(t *testing.T) {
		inBubble(t, consultest.Replies(hangs), nil, func(t *testing.T, r *recorder, _ *consultest.Fake) {
			start := time.Now()
			e := r.fails(ErrUnreachable)
			require.ErrorContains(t, e.err, "no answer within 5s")
			require.Equal(t, 5*time.Second, e.at.Sub(start))
		})
	})
	t.Run("waiting", func(t *testing.T) {
		inBubble(t, consultest.Replies(web(7, "a"), hangs, web(7, "a")), nil, func(t *testing.T, r *recorder, _ *consultest.Fake) {
			start := r.nodes("n/a").at
			e := r.fails(ErrUnreachable)
			require.Equal(t, 60*time.Second+3750*time.Millisecond+5*time.Second, e.at.Sub(start), "the wait, a sixteenth and the timeout")
			r.nodes("n/a")
		})
	})
	t.Run("late but in time", func(t *testing.T) {
		inBubble(t, consultest.Replies(web(7, "a"), after(63750*time.Millisecond, web(8, "a", "b"))), nil, func(t *testing.T, r *recorder, _ *consultest.Fake) {
			r.nodes("n/a")
			r.nodes("n/a", "n/b")
		})
	})
}

// TestRecovery yields an unchanged set again after an error.
func TestRecovery(t *testing.T) {
	inBubble(t, consultest.Replies(web(7, "a"), broken, broken, web(7, "a"), hangs), nil, func(t *testing.T, r *recorder, _ *consultest.Fake) {
		r.nodes("n/a")
		r.fails(ErrUnreachable)
		r.fails(ErrUnreachable)
		r.nodes("n/a")
		r.quiet(30 * time.Second)
	})
}

func TestRefusalsInAWatch(t *testing.T) {
	for name, reply := range map[string]consultest.Reply{
		"forbidden": {Status: 403, Text: "ACL not found"},
		"filtered":  {Index: 9, Filtered: true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, consultest.Replies(web(7, "a"), reply, reply, web(7, "a", "b"), hangs), nil, func(t *testing.T, r *recorder, _ *consultest.Fake) {
				r.nodes("n/a")
				r.fails(ErrPermission)
				r.fails(ErrPermission)
				r.nodes("n/a", "n/b")
			})
		})
	}
}

// TestUnknownTokenThatWaits gets an empty result where a plain query is refused.
func TestUnknownTokenThatWaits(t *testing.T) {
	inBubble(t, consultest.Replies(web(7, "a"), web(8), consultest.Reply{Status: 403, Text: "ACL not found"}), nil, func(t *testing.T, r *recorder, _ *consultest.Fake) {
		r.nodes("n/a")
		r.fails(ErrPermission)
	})
}

func TestEmptyResult(t *testing.T) {
	t.Run("is believed at once", func(t *testing.T) {
		inBubble(t, consultest.Replies(web(7, "a"), after(time.Second, web(8)), web(8)), nil, func(t *testing.T, r *recorder, _ *consultest.Fake) {
			start := r.nodes("n/a").at
			require.Equal(t, time.Second, r.nodes().at.Sub(start))
		})
	})
	t.Run("is believed from the start", func(t *testing.T) {
		inBubble(t, consultest.Replies(broken, web(7)), nil, func(t *testing.T, r *recorder, _ *consultest.Fake) {
			r.fails(ErrUnreachable)
			r.nodes()
		})
	})
	t.Run("is held after an interruption", func(t *testing.T) {
		inBubble(t, func(q consultest.Query) consultest.Reply {
			switch {
			case q.N == 0:
				return web(7, "a")
			case q.N == 1:
				return broken
			case q.Blocking():
				return after(q.Wait, web(2))
			}
			return web(2)
		}, nil, func(t *testing.T, r *recorder, f *consultest.Fake) {
			r.nodes("n/a")
			lost := r.fails(ErrUnreachable).at
			held := r.fails(ErrUnreachable)
			require.ErrorIs(t, held.err, errHeld)
			require.Less(t, held.at.Sub(lost), time.Second)
			require.Equal(t, 10*time.Second, r.nodes().at.Sub(held.at), "it has stood for the hold")
			r.quiet(time.Hour / 2)
		})
	})
	t.Run("is held after the index was reset", func(t *testing.T) {
		inBubble(t, consultest.Replies(web(7, "a"), web(2), web(2), after(3*time.Second, web(3, "a"))), nil, func(t *testing.T, r *recorder, _ *consultest.Fake) {
			r.nodes("n/a")
			held := r.fails(ErrUnreachable)
			require.ErrorIs(t, held.err, errHeld)
			require.Equal(t, 3*time.Second, r.nodes("n/a").at.Sub(held.at), "an instance registers meanwhile")
		})
	})
	t.Run("is believed at once again after recovery", func(t *testing.T) {
		inBubble(t, consultest.Replies(web(7, "a"), broken, web(7, "a"), after(time.Second, web(8)), web(8)), nil, func(t *testing.T, r *recorder, _ *consultest.Fake) {
			r.nodes("n/a")
			r.fails(ErrUnreachable)
			start := r.nodes("n/a").at
			require.Equal(t, time.Second, r.nodes().at.Sub(start))
		})
	})
	t.Run("is not held on request", func(t *testing.T) {
		inBubble(t, consultest.Replies(web(7, "a"), broken, web(2)), func(c *Config) { c.ShrinkHold = -1 }, func(t *testing.T, r *recorder, _ *consultest.Fake) {
			r.nodes("n/a")
			r.fails(ErrUnreachable)
			r.nodes()
		})
	})
	t.Run("means nothing without a leader", func(t *testing.T) {
		leaderless := consultest.Reply{Index: 1, NoLeader: true}
		inBubble(t, consultest.Replies(web(7, "a"), broken, leaderless, leaderless, web(8, "a"), hangs), nil, func(t *testing.T, r *recorder, _ *consultest.Fake) {
			r.nodes("n/a")
			for range 3 {
				r.fails(ErrUnreachable)
			}
			r.nodes("n/a")
		})
	})
	t.Run("of an agent's own view needs no leader", func(t *testing.T) {
		view := consultest.Reply{Index: 8, NoLeader: true, After: time.Second} // as streaming answers
		inBubble(t, consultest.Replies(web(7, "a"), view, web(8)), nil, func(t *testing.T, r *recorder, _ *consultest.Fake) {
			r.nodes("n/a")
			r.nodes()
		})
	})
}

// TestShrinksLate restarts an agent without state: three nodes would become one
// and then two, and all keys would go to the first that registers again.
func TestShrinksLate(t *testing.T) {
	t.Run("nodes return", func(t *testing.T) {
		inBubble(t, consultest.Replies(web(7, "a", "b", "c"), broken,
			web(2, "b"), after(2*time.Second, web(3, "b", "c")), after(2*time.Second, web(4, "a", "b", "c")), hangs,
		), nil, func(t *testing.T, r *recorder, _ *consultest.Fake) {
			start := r.nodes("n/a", "n/b", "n/c").at
			r.fails(ErrUnreachable)
			require.ErrorIs(t, r.fails(ErrUnreachable).err, errHeld, "one of three: the others stand")
			well := r.nodes("n/a", "n/b", "n/c")
			require.Less(t, well.at.Sub(start), 5*time.Second, "as soon as all are there again")
		})
	})
	t.Run("others come instead", func(t *testing.T) {
		inBubble(t, func(q consultest.Query) consultest.Reply {
			switch {
			case q.N == 0:
				return web(7, "a", "b")
			case q.N == 1:
				return broken
			case q.Blocking():
				return after(q.Wait, web(2, "b", "z"))
			}
			return web(2, "b", "z")
		}, nil, func(t *testing.T, r *recorder, _ *consultest.Fake) {
			r.nodes("n/a", "n/b")
			r.fails(ErrUnreachable)
			held := r.nodes("n/a", "n/b", "n/z")
			require.ErrorIs(t, r.fails(ErrUnreachable).err, errHeld, "new nodes join at once")
			require.Equal(t, 10*time.Second, r.nodes("n/b", "n/z").at.Sub(held.at), "a is dropped after the hold")
			r.quiet(time.Hour / 2)
		})
	})
	t.Run("a second interruption restarts the hold", func(t *testing.T) {
		inBubble(t, consultest.Replies(web(7, "a", "b"), broken, web(2, "b"), after(9*time.Second, broken), web(2, "b"), after(9*time.Second, web(3, "b")), after(time.Second, web(4, "b"))), nil,
			func(t *testing.T, r *recorder, _ *consultest.Fake) {
				start := r.nodes("n/a", "n/b").at
				for range 4 {
					r.fails(ErrUnreachable)
				}
				require.GreaterOrEqual(t, r.nodes("n/b").at.Sub(start), 19*time.Second)
			})
	})
}

// TestPauses measures the pauses between failed attempts.
func TestPauses(t *testing.T) {
	inBubble(t, func(consultest.Query) consultest.Reply { return broken }, nil, func(t *testing.T, r *recorder, _ *consultest.Fake) {
		last, longest := r.fails(ErrUnreachable).at, 100*time.Millisecond
		for range 20 {
			at := r.fails(ErrUnreachable).at
			require.GreaterOrEqual(t, at.Sub(last), longest/2)
			require.LessOrEqual(t, at.Sub(last), longest)
			last, longest = at, min(2*longest, 10*time.Second)
		}
	})
}

// TestPausesRestart has an agent that was well for a while, unlike one that
// answers plain queries only.
func TestPausesRestart(t *testing.T) {
	for _, tt := range []struct {
		name string
		well consultest.Reply
		want time.Duration
	}{
		{"well", web(7, "a"), 100 * time.Millisecond},
		{"never well", broken, 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(q consultest.Query) consultest.Reply {
				switch q.N {
				case 10:
					return web(7, "a")
				case 11:
					return tt.well
				}
				return broken
			}, nil, func(t *testing.T, r *recorder, f *consultest.Fake) {
				for r.next().err != nil {
					continue
				}
				last := r.fails(ErrUnreachable).at
				require.InDelta(t, tt.want, r.fails(ErrUnreachable).at.Sub(last), float64(tt.want)/2)
			})
		})
	}
}

// TestNoIndexIsPolled has answers without an index to block on.
func TestNoIndexIsPolled(t *testing.T) {
	inBubble(t, func(consultest.Query) consultest.Reply { return web(0, "a") }, nil, func(t *testing.T, r *recorder, f *consultest.Fake) {
		r.nodes("n/a")
		time.Sleep(10 * time.Minute)
		queries := len(f.Queries())
		require.Greater(t, queries, 60, "at least every 10 s")
		require.Less(t, queries, 150)
		r.quiet(time.Minute)
	})
}

// TestQueriesAreLimited has an agent that answers blocking queries at once.
func TestQueriesAreLimited(t *testing.T) {
	inBubble(t, func(q consultest.Query) consultest.Reply { return web(q.Index+1, "a") }, nil, func(t *testing.T, _ *recorder, f *consultest.Fake) {
		time.Sleep(time.Minute)
		require.InDelta(t, burst+60*queriesPerSecond, len(f.Queries()), 2)
	})
}

func TestLimiter(t *testing.T) {
	var l limiter
	now := time.Now()
	for range burst {
		require.Zero(t, l.take(now), "a burst goes unhindered")
	}
	require.Equal(t, time.Second/queriesPerSecond, l.take(now))
	require.Equal(t, 2*time.Second/queriesPerSecond, l.take(now))
	require.Zero(t, l.take(now.Add(time.Minute)), "it fills again")
}

// TestSlowReader gets the latest state and skips those before it.
func TestSlowReader(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		fake := consultest.NewFake(func(q consultest.Query) consultest.Reply {
			if q.N >= 10 {
				return hangs
			}
			return after(100*time.Millisecond, web(uint64(q.N+1), fmt.Sprint("i", q.N)))
		})
		source := open(t, Config{Client: fake.Client(t), Service: "web"})
		var got []string
		for u := range source.Watch(t.Context()) {
			require.NoError(t, u.Err)
			got = append(got, names(u.Nodes)...)
			if len(got) == 2 {
				break
			}
			time.Sleep(5 * time.Second)
		}
		require.Equal(t, []string{"n/i0", "n/i9"}, got)
	})
}

func TestReadersShareQueries(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		fake := consultest.NewFake(func(q consultest.Query) consultest.Reply {
			switch q.Index {
			case 0:
				return web(1, "a")
			case 1:
				return after(10*time.Second, web(2, "a", "b"))
			}
			return hangs
		})
		source := open(t, Config{Client: fake.Client(t), Service: "web"})
		first := record(t, source)
		first.nodes("n/a")
		time.Sleep(time.Second)
		second := record(t, source)
		second.nodes("n/a")
		for _, r := range []*recorder{first, second} {
			r.nodes("n/a", "n/b")
		}
		synctest.Wait()
		require.Equal(t, []uint64{0, 1, 2}, asked(fake), "one watch for both")

		first.stop()
		synctest.Wait()
		require.NoError(t, fake.Queries()[2].Context.Err(), "the other still waits")
		second.stop()
		require.Error(t, fake.Queries()[2].Context.Err(), "the last reader stopped")

		third := record(t, source)
		third.nodes("n/a")
		require.EqualValues(t, 0, fake.Queries()[3].Index, "a new watch begins plainly")
	})
}

// TestJoinDuringAnOutage begins a watch while the agent fails: it yields the
// last nodes with the error.
func TestJoinDuringAnOutage(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		fake := consultest.NewFake(func(q consultest.Query) consultest.Reply {
			if q.N == 0 {
				return web(1, "a")
			}
			return broken
		})
		source := open(t, Config{Client: fake.Client(t), Service: "web"})
		first := record(t, source)
		first.nodes("n/a")
		first.fails(ErrUnreachable)
		second := record(t, source)
		second.nodes("n/a")
		second.fails(ErrUnreachable)
	})
}

func TestWatchOfAnEndedContext(t *testing.T) {
	fake := consultest.NewFake(consultest.Replies())
	source := open(t, Config{Client: fake.Client(t), Service: "web"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for u := range source.Watch(ctx) {
		t.Fatal("there is nothing to tell, but there was", u)
	}
	require.Empty(t, fake.Queries())
}
