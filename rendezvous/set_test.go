package rendezvous

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// server is a type of the caller.
type server struct {
	name     string
	capacity float64
}

func (s server) Name() string      { return s.name }
func (s server) Capacity() float64 { return s.capacity }

var byCapacity = Config[server]{ID: server.Name, Weight: server.Capacity}

func newSet[N any](t testing.TB, nodes []N, cfg Config[N]) *Set[N] {
	t.Helper()
	s, err := New(nodes, cfg)
	require.NoError(t, err)
	return s
}

func named(ids ...string) []server {
	nodes := make([]server, len(ids))
	for i, id := range ids {
		nodes[i] = server{name: id, capacity: 1}
	}
	return nodes
}

func numbered(prefix string, n int) []server {
	nodes := make([]server, n)
	for i := range nodes {
		nodes[i] = server{name: prefix + strconv.Itoa(i), capacity: 1}
	}
	return nodes
}

func names(nodes []server) (ids []string) {
	for _, n := range nodes {
		ids = append(ids, n.name)
	}
	return ids
}

// lettersOf scores a node by the number of times that its ID occurs in the key.
func lettersOf(ids []string) (func(scores []uint64, key string), error) {
	return func(scores []uint64, key string) {
		for i, id := range ids {
			scores[i] = uint64(strings.Count(key, id)) << 60
		}
	}, nil
}

func TestGreatestScoreOwnsTheKey(t *testing.T) {
	t.Parallel()
	s := newSet(t, named("a", "b", "c", "d"), Config[server]{ID: server.Name, Scorer: lettersOf})
	for key, want := range map[string]string{
		"aab":      "a b c d", // the smaller ID wins a tie
		"bba":      "b a c d",
		"":         "a b c d",
		"dddccb":   "d c b a",
		"dcba":     "a b c d",
		"c":        "c a b d",
		"abacabad": "a b c d",
	} {
		t.Run("key "+key, func(t *testing.T) {
			ranks := strings.Fields(want)
			owner, ok := s.Select(key)
			require.True(t, ok)
			assert.Equal(t, ranks[0], owner.name)
			assert.Equal(t, ranks, names(slices.Collect(s.Rank(key))))
			assert.Equal(t, ranks[:3], names(s.SelectN(nil, key, 3)))
		})
	}
}

func TestWeightsApplyToScores(t *testing.T) {
	t.Parallel()
	nodes := []server{{"a", 1}, {"b", 3}, {"c", 0}}
	s := newSet(t, nodes, Config[server]{ID: server.Name, Weight: server.Capacity, Scorer: lettersOf})
	owner, _ := s.Select("aaaaabbb") // u is 5/16 and 3/16: 1/1.163 < 3/1.674
	assert.Equal(t, "b", owner.name)
	owner, _ = s.Select("aaaaaaaaaab") // u is 10/16 and 1/16: 1/0.470 > 3/2.773
	assert.Equal(t, "a", owner.name)
}

func TestNoNodeToSelect(t *testing.T) {
	t.Parallel()
	for name, nodes := range map[string][]server{
		"no nodes":    nil,
		"all drained": {{"a", 0}, {"b", 0}},
	} {
		for label, cfg := range map[string]Config[server]{
			"formula": byCapacity,
			"scorer":  {ID: server.Name, Weight: server.Capacity, Scorer: lettersOf},
		} {
			t.Run(name+" "+label, func(t *testing.T) {
				s := newSet(t, nodes, cfg)
				got, ok := s.Select("key")
				assert.False(t, ok)
				assert.Zero(t, got)
				assert.Empty(t, s.SelectN(nil, "key", 3))
				assert.Empty(t, slices.Collect(s.Rank("key")))
				assert.Equal(t, len(nodes), s.Len())
				table, err := s.Table(8)
				require.NoError(t, err)
				_, ok = table.Select("key")
				assert.False(t, ok)
				assert.Empty(t, table.SelectN(nil, "key", 1))
				assert.Empty(t, table.SelectN(nil, "key", 2))
			})
		}
	}
}

func TestDrainedNodesOwnNothing(t *testing.T) {
	t.Parallel()
	s := newSet(t, []server{{"b", 0}, {"a", 1}, {"c", 2}}, byCapacity)
	assert.Equal(t, 3, s.Len())
	assert.Equal(t, []string{"a", "b", "c"}, names(slices.Collect(s.All())))
	for i := range 1000 {
		key := strconv.Itoa(i)
		assert.ElementsMatch(t, []string{"a", "c"}, names(s.SelectN(nil, key, 3)))
		scored := 0
		for n, score := range s.Scores(key) {
			if scored++; n.name == "b" {
				assert.Zero(t, score.Value)
				assert.Zero(t, score.Weight)
				assert.Equal(t, 3, scored, "the drained node comes last")
			}
		}
		assert.Equal(t, 3, scored)
	}
}

func TestRefusedNodes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		nodes []server
		want  error
		text  string
	}{
		{"empty ID", []server{{"", 1}}, ErrEmptyID, `node "": the node has an empty ID`},
		{"repeated ID", []server{{"a", 1}, {"b", 1}, {"a", 2}}, ErrDuplicateID, `node "a": the ID occurs more than once`},
		{"negative weight", []server{{"a", -1}}, ErrWeight, `node "a": weight -1: the weight must be a number from 0 to 1e200`},
		{"weight not a number", []server{{"a", math.NaN()}}, ErrWeight, `node "a": weight NaN: the weight must be a number from 0 to 1e200`},
		{"infinite weight", []server{{"a", math.Inf(1)}}, ErrWeight, `node "a": weight +Inf: the weight must be a number from 0 to 1e200`},
		{"enormous weight", []server{{"a", 1e201}}, ErrWeight, `node "a": weight 1e+201: the weight must be a number from 0 to 1e200`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := New(tt.nodes, byCapacity)
			assert.Nil(t, s)
			require.ErrorIs(t, err, tt.want)
			var refused *NodeError
			require.ErrorAs(t, err, &refused)
			assert.EqualError(t, err, tt.text)
		})
	}
	_, err := New([]server{{"a", 1}}, Config[server]{})
	require.ErrorIs(t, err, ErrNoID)
}

func TestScorerRefuses(t *testing.T) {
	t.Parallel()
	refusal := &NodeError{ID: "b", Err: errors.New("no address")}
	_, err := New(named("a", "b"), Config[server]{ID: server.Name, Scorer: func([]string) (func([]uint64, string), error) {
		return nil, refusal
	}})
	require.ErrorIs(t, err, refusal)
}

func TestScorerWithoutFunctionIsRefused(t *testing.T) {
	t.Parallel()
	_, err := New(named("a"), Config[server]{ID: server.Name, Scorer: func([]string) (func([]uint64, string), error) {
		return nil, nil
	}})
	require.ErrorIs(t, err, ErrNoScore)
}

func TestNewCopiesTheSlice(t *testing.T) {
	t.Parallel()
	nodes := named("c", "a", "b")
	s := newSet(t, nodes, byCapacity)
	before := names(slices.Collect(s.Rank("key")))
	nodes[0], nodes[1], nodes[2] = server{"x", 0}, server{"y", -1}, server{"", 1}
	assert.Equal(t, before, names(slices.Collect(s.Rank("key"))))
}

func TestKeysMayHoldAnyBytes(t *testing.T) {
	t.Parallel()
	s, err := Of("red", "green", "blue")
	require.NoError(t, err)
	for _, key := range []string{"", "\x00", "\xff\xfe", "touché", strings.Repeat("k", 1<<20), "a\tb\n"} {
		owner, ok := s.Select(key)
		require.True(t, ok)
		assert.Equal(t, owner, s.SelectN(nil, key, 3)[0])
	}
}

func TestSelectNBounds(t *testing.T) {
	t.Parallel()
	s := newSet(t, numbered("n", 20), byCapacity)
	for _, n := range []int{-1, 0} {
		assert.Empty(t, s.SelectN(nil, "key", n), "n=%d", n)
	}
	assert.Len(t, s.SelectN(nil, "key", 1000), 20)
	kept := []server{{"mine", 1}}
	assert.Equal(t, "mine", s.SelectN(kept, "key", 2)[0].name, "SelectN appends")
}

func TestPlacementsHaveDifferentChecksums(t *testing.T) {
	t.Parallel()
	base := named("a", "b", "c")
	sums := map[uint64]string{}
	note := func(what string, sum uint64) {
		if other, seen := sums[sum]; seen {
			assert.Failf(t, "one checksum for two placements", "%s and %s", what, other)
		}
		sums[sum] = what
	}
	set := newSet(t, base, byCapacity)
	note("base", set.Checksum())
	note("one node less", newSet(t, base[:2], byCapacity).Checksum())
	note("other weight", newSet(t, []server{{"a", 2}, {"b", 1}, {"c", 1}}, byCapacity).Checksum())
	note("drained", newSet(t, []server{{"a", 0}, {"b", 1}, {"c", 1}}, byCapacity).Checksum())
	note("joined names", newSet(t, named("ab", "c"), byCapacity).Checksum())
	note("other hash", newSet(t, base, Config[server]{ID: server.Name, Hash: fnv1a}).Checksum())
	plain := prf.SipHash.Func(prf.Options{})
	lower := func(s string) uint64 { return plain(strings.ToLower(s)) }
	note("lower-case hash", newSet(t, base, Config[server]{ID: server.Name, Hash: lower}).Checksum())
	pair := func(id, key string) uint64 { return plain(id + "/" + key) }
	trimmed := func(id, key string) uint64 { return pair(id, strings.TrimSpace(key)) }
	note("pairwise scorer", newSet(t, base, Config[server]{ID: server.Name, Scorer: Pairwise(pair)}).Checksum())
	note("pairwise scorer of trimmed keys", newSet(t, base, Config[server]{ID: server.Name, Scorer: Pairwise(trimmed)}).Checksum())
	dashes := func(id, key string) uint64 { return pair(id, strings.ReplaceAll(key, "-", "_")) }
	note("pairwise scorer of keys without dashes", newSet(t, base, Config[server]{ID: server.Name, Scorer: Pairwise(dashes)}).Checksum())
	ended := func(id, key string) uint64 { return pair(id, key[max(0, len(key)-100):]) }
	note("pairwise scorer of the ends of keys", newSet(t, base, Config[server]{ID: server.Name, Scorer: Pairwise(ended)}).Checksum())
	note("scorer", newSet(t, base, Config[server]{ID: server.Name, Scorer: lettersOf}).Checksum())
	for _, bits := range []int{8, 9} {
		table, err := set.Table(bits)
		require.NoError(t, err)
		note(fmt.Sprintf("table of %d bits", bits), table.Checksum())
	}
	shuffled := newSet(t, named("c", "a", "b"), byCapacity)
	assert.Equal(t, "base", sums[shuffled.Checksum()], "the order of input must not matter")
}

func fnv1a(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

func TestLookupsDoNotAllocate(t *testing.T) {
	for name, cfg := range map[string]Config[server]{
		"formula": {ID: server.Name},
		"scorer":  {ID: server.Name, Scorer: lettersOf},
		"weighted": {ID: server.Name, Weight: func(s server) float64 {
			return float64(1 + len(s.name))
		}},
	} {
		s := newSet(t, numbered("node-", 120), cfg)
		table, err := s.Table(10)
		require.NoError(t, err)
		dst := make([]server, 0, 120)
		for what, lookup := range map[string]func(){
			"Select":           func() { _, _ = s.Select("user:42") },
			"SelectN few":      func() { dst = s.SelectN(dst[:0], "user:42", 3) },
			"SelectN many":     func() { dst = s.SelectN(dst[:0], "user:42", 50) },
			"table Select":     func() { _, _ = table.Select("user:42") },
			"table SelectN":    func() { dst = table.SelectN(dst[:0], "user:42", 3) },
			"table SelectN 50": func() { dst = table.SelectN(dst[:0], "user:42", 50) },
		} {
			t.Run(name+" "+what, func(t *testing.T) {
				alloctest.None(t, lookup)
			})
		}
	}
}

func shuffled[T any](rng *rand.Rand, in []T) []T {
	out := slices.Clone(in)
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}
