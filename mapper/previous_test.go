package mapper_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

// names builds the names of the nodes.
func names(nodes []mapper.Node) (string, error) { return words(nodes, nil), nil }

// earlier returns the earlier values of a View, after it has seen all updates.
func earlier(view *mapper.View[string]) string {
	synctest.Wait()
	var values []string
	for value := range view.Previous() {
		values = append(values, value)
	}
	return strings.Join(values, " ")
}

func followed[T any](t *testing.T, m mapper.Mapper, build func([]mapper.Node) (T, error), cfg mapper.FollowConfig[T]) *mapper.View[T] {
	t.Helper()
	view, err := mapper.FollowWith(t.Context(), m, build, cfg)
	require.NoError(t, err)
	t.Cleanup(view.Close)
	return view
}

func TestPreviousByAge(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a")
		view := followed(t, src, names, mapper.FollowConfig[string]{KeepPrevious: time.Minute})
		require.Empty(t, earlier(view), "the first value replaces none")
		time.Sleep(time.Hour)
		src.set("a b")
		require.Equal(t, "[a]", earlier(view), "the time counts from the end of a value")
		time.Sleep(30 * time.Second)
		src.set("a b c")
		require.Equal(t, "[a b] [a]", earlier(view), "the newest first")
		src.fail(errDown)
		require.Equal(t, "[a b] [a]", earlier(view), "a failure replaces no value")
		time.Sleep(30 * time.Second)
		require.Equal(t, "[a b]", earlier(view), "the window closes without an update")
		time.Sleep(30 * time.Second)
		require.Empty(t, earlier(view))
	})
}

func TestPreviousByNumber(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("n0")
		view := followed(t, src, names, mapper.FollowConfig[string]{KeepPrevious: time.Hour, KeepValues: 2})
		other := followed(t, src, names, mapper.FollowConfig[string]{KeepPrevious: time.Hour})
		none := followed(t, src, names, mapper.FollowConfig[string]{})
		for i := range 40 {
			src.set(fmt.Sprintf("n%d", i+1))
			synctest.Wait()
		}
		require.Equal(t, "[n39] [n38]", earlier(view))
		require.Len(t, strings.Fields(earlier(other)), mapper.DefaultKeepValues)
		require.Empty(t, earlier(none))
	})
}

// TestPreviousAfterAChangeTakenBack is the abort of a migration.
func TestPreviousAfterAChangeTakenBack(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a b")
		view := followed(t, src, names, mapper.FollowConfig[string]{KeepPrevious: time.Minute})
		src.set("a b c")
		require.Equal(t, "[a b]", earlier(view))
		src.set("a b")
		require.Equal(t, "[a b c]", earlier(view), "the value of today is not a previous one")
		src.set("a b c")
		require.Equal(t, "[a b]", earlier(view), "each value once")
	})
}

func TestPreviousStopsEarly(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a")
		view := followed(t, src, names, mapper.FollowConfig[string]{KeepPrevious: time.Minute})
		for _, set := range []string{"b", "c"} {
			src.set(set)
			synctest.Wait()
		}
		for value := range view.Previous() {
			require.Equal(t, "[b]", value)
			break
		}
	})
}

func TestFollowRejectsNegativeLimits(t *testing.T) {
	t.Parallel()
	_, err := mapper.FollowWith(t.Context(), newWatched("a"), names, mapper.FollowConfig[string]{KeepPrevious: -1})
	require.EqualError(t, err, "follow: KeepPrevious -1ns: must not be negative")
	_, err = mapper.FollowWith(t.Context(), newWatched("a"), names, mapper.FollowConfig[string]{KeepValues: -1})
	require.EqualError(t, err, "follow: KeepValues -1: must not be negative")
}

// TestPreviousOwners compares with what each set says, for keys that moved not at
// all, once and twice.
func TestPreviousOwners(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("")
		view := followed(t, src, rendezvous.Build, mapper.FollowConfig[*rendezvous.Set[mapper.Node]]{KeepPrevious: time.Minute})
		lists := []string{"a b c", "a b c d", "a b c d e"}
		for _, list := range lists {
			src.set(list)
			synctest.Wait()
		}
		seen := map[int]int{}
		for i := range 1000 {
			key := fmt.Sprintf("key-%d", i)
			var want, got []string
			now, _ := view.Value().Select(key)
			last := now.Name
			for _, list := range []string{lists[1], lists[0]} {
				set, err := rendezvous.Build(nodesOf(list))
				require.NoError(t, err)
				if owner, _ := set.Select(key); owner.Name != last {
					want = append(want, owner.Name)
					last = owner.Name
				}
			}
			for owner := range mapper.PreviousOwners(view, key) {
				got = append(got, owner.Name)
			}
			require.Equal(t, want, got)
			seen[len(got)]++
		}
		require.Len(t, seen, 3, "keys with no, one and two previous owners")
		time.Sleep(time.Minute)
		for range mapper.PreviousOwners(view, "key-1") {
			t.Error("the window is closed")
		}
	})
}

// stores is data by node and key. A node that is down fails.
type stores struct {
	data  map[string]string
	down  map[string]bool
	calls []string
}

func (s *stores) get(_ context.Context, n mapper.Node, key string) (string, bool, error) {
	s.calls = append(s.calls, "get "+n.Name)
	if s.down[n.Name] {
		return "", false, errDown
	}
	data, ok := s.data[n.Name+"/"+key]
	return data, ok, nil
}

var errFull = errors.New("full")

func (s *stores) fill(_ context.Context, n mapper.Node, key, data string) error {
	s.calls = append(s.calls, "fill "+n.Name)
	if s.down["fill"] {
		return errFull
	}
	s.data[n.Name+"/"+key] = data
	return nil
}

// first is a value whose owner of every key is the first node.
type first []mapper.Node

func (f first) Select(string) (mapper.Node, bool) {
	if len(f) == 0 {
		return mapper.Node{}, false
	}
	return f[0], true
}

func TestReadThrough(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, data, down string // data and down are names of nodes
		want             string
		found            bool
		err              error
		calls            string
	}{
		{"the owner has it", "a b c", "", "of a", true, nil, "get a"},
		{"the previous owner has it", "b c", "", "of b", true, nil, "get a, get b, fill a"},
		{"one before has it", "c", "", "of c", true, nil, "get a, get b, get c, fill a"},
		{"none has it", "", "", "", false, nil, "get a, get b, get c"},
		{"the owner fails", "b c", "a", "", false, errDown, "get a"},
		{"a previous owner fails", "c", "b", "of c", true, nil, "get a, get b, get c, fill a"},
		{"all previous owners fail", "", "b c", "", false, nil, "get a, get b, get c"},
		{"the owner cannot store it", "b", "fill", "of b", true, errFull, "get a, get b, fill a"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				src := newWatched("c")
				build := func(nodes []mapper.Node) (first, error) { return nodes, nil }
				view := followed(t, src, build, mapper.FollowConfig[first]{KeepPrevious: time.Minute})
				for _, set := range []string{"b", "a"} {
					synctest.Wait()
					src.set(set)
				}
				synctest.Wait()
				s := &stores{data: map[string]string{}, down: map[string]bool{}}
				for _, name := range strings.Fields(c.data) {
					s.data[name+"/k"] = "of " + name
				}
				for _, name := range strings.Fields(c.down) {
					s.down[name] = true
				}
				data, found, err := mapper.ReadThrough(t.Context(), view, "k", s.get, s.fill)
				require.ErrorIs(t, err, c.err)
				require.Equal(t, c.found, found)
				require.Equal(t, c.want, data)
				require.Equal(t, c.calls, strings.Join(s.calls, ", "))
				if c.found && c.err == nil {
					require.Equal(t, c.want, s.data["a/k"], "the owner has it now")
				}
			})
		})
	}
}

func TestReadThroughWithoutNodes(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		view := followed(t, newWatched(""), rendezvous.Build, mapper.FollowConfig[*rendezvous.Set[mapper.Node]]{})
		s := &stores{}
		_, found, err := mapper.ReadThrough(t.Context(), view, "k", s.get, s.fill)
		require.NoError(t, err)
		require.False(t, found)
		require.Empty(t, s.calls)
	})
}
