package rendezvous

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// forms are configurations that place keys in every way that a Set has.
func forms() map[string]Config[server] {
	murmur := prf.MMH32.Func(prf.Options{Seed: 7})
	return map[string]Config[server]{
		"equal":    {ID: server.Name},
		"weighted": byCapacity,
		"hashed":   {ID: server.Name, Weight: server.Capacity, Hash: murmur},
		"scored":   {ID: server.Name, Scorer: GoRedis()},
	}
}

func formNodes(n int) (nodes []server) {
	for i := range n {
		nodes = append(nodes, server{fmt.Sprintf("node %d", i), float64(i % 4)})
	}
	return nodes
}

// TestHashAndBytesSelectAsStringsDo compares the three forms of a key.
func TestHashAndBytesSelectAsStringsDo(t *testing.T) {
	t.Parallel()
	for name, cfg := range forms() {
		for _, cut := range []func(string) string{nil, prf.HashTag('{', '}')} {
			cfg.Key = cut
			set, err := New(formNodes(21), cfg)
			require.NoError(t, err)
			table, err := set.Table(8)
			require.NoError(t, err)
			for i := range 300 {
				key := strings.Repeat("x", i%40) + fmt.Sprintf("{user:%d}", i)
				want, _ := set.Select(key)
				got, ok := set.SelectBytes([]byte(key))
				require.True(t, ok)
				require.Equal(t, want, got, name)
				got, ok = set.SelectHash(set.Hash(key))
				require.Equal(t, cfg.Scorer == nil, ok, "a Scorer scores keys")
				if ok {
					require.Equal(t, want, got, name)
				}
				want, _ = table.Select(key)
				got, ok = table.SelectBytes([]byte(key))
				require.True(t, ok)
				require.Equal(t, want, got, name)
				got, ok = table.SelectHash(table.Hash(key))
				require.True(t, ok, "a table has slots of hashes, with a Scorer too")
				require.Equal(t, want, got, name)
			}
		}
	}
}

// TestHashIsThatOfTheConfiguration pins what SelectHash takes: the result of
// Config.Hash, neither finalized nor expanded, of the part that Config.Key returns.
func TestHashIsThatOfTheConfiguration(t *testing.T) {
	t.Parallel()
	cfg := forms()["hashed"]
	set, err := New(formNodes(5), cfg)
	require.NoError(t, err)
	assert.Equal(t, cfg.Hash("a {key} b"), set.Hash("a {key} b"))
	cfg.Key = prf.HashTag('{', '}')
	set, err = New(formNodes(5), cfg)
	require.NoError(t, err)
	assert.Equal(t, cfg.Hash("key"), set.Hash("a {key} b"))
	plain, err := Of("a")
	require.NoError(t, err)
	assert.Equal(t, prf.SipHash.Func(prf.Options{})("key"), plain.Hash("key"))
	table, err := plain.Table(4)
	require.NoError(t, err)
	assert.Equal(t, plain.Hash("key"), table.Hash("key"))
}

// TestNoNodesHaveNoHash: the zero values and nil pointers answer.
func TestNoNodesHaveNoHash(t *testing.T) {
	t.Parallel()
	for _, set := range []*Set[server]{nil, {}} {
		assert.Zero(t, set.Hash("key"))
		_, ok := set.SelectHash(1)
		assert.False(t, ok)
		_, ok = set.SelectBytes(nil)
		assert.False(t, ok)
	}
	for _, table := range []*Table[server]{nil, {}} {
		assert.Zero(t, table.Hash("key"))
		_, ok := table.SelectHash(1)
		assert.False(t, ok)
		_, ok = table.SelectBytes([]byte("key"))
		assert.False(t, ok)
	}
	scored, err := New(formNodes(2), forms()["scored"])
	require.NoError(t, err)
	assert.Zero(t, scored.Hash("key"))
}

// TestKeyCutsInEveryMethod compares a set that cuts keys with one that gets them cut.
// In a Table the numbers of slots are not cut.
func TestKeyCutsInEveryMethod(t *testing.T) {
	t.Parallel()
	for name, cfg := range forms() {
		nodes := formNodes(21)
		whole, err := New(nodes, cfg)
		require.NoError(t, err)
		cfg.Key = func(key string) string { return key[:min(1, len(key))] }
		cutting, err := New(nodes, cfg)
		require.NoError(t, err)
		wholeTable, err := whole.Table(6)
		require.NoError(t, err)
		table, err := cutting.Table(6)
		require.NoError(t, err)
		for slot := range table.Slots() {
			want, _ := wholeTable.Owner(slot)
			got, _ := table.Owner(slot)
			require.Equal(t, want, got, "%s: slot %d", name, slot)
		}
		for first := byte('a'); first <= 'z'; first++ {
			part, key := string(first), string(first)+"bc"
			requireSameAnswers(t, name, whole, cutting, part, key)
			requireSameAnswers(t, name+" table", wholeTable, table, part, key)
			require.Equal(t, wholeTable.Slot(part), table.Slot(key))
		}
		edited, err := table.Without("node 3")
		require.NoError(t, err)
		wholeEdited, err := wholeTable.Without("node 3")
		require.NoError(t, err)
		requireSameAnswers(t, name+" edited", wholeEdited, edited, "a", "abc")
	}
}

type answers interface {
	Select(key string) (server, bool)
	SelectN(dst []server, key string, n int) []server
	Owns(key, id string, n int) bool
}

// requireSameAnswers compares the answers of whole for a part of a key with those of
// cutting for the key.
func requireSameAnswers(t *testing.T, name string, whole, cutting answers, part, key string) {
	t.Helper()
	want, _ := whole.Select(part)
	got, _ := cutting.Select(key)
	require.Equal(t, want, got, name)
	for _, n := range []int{1, 2, 5, 12, 30} {
		require.Equal(t, whole.SelectN(nil, part, n), cutting.SelectN(nil, key, n), "%s: %d nodes", name, n)
		for i := range 4 {
			id := fmt.Sprintf("node %d", i)
			require.Equal(t, whole.Owns(part, id, n), cutting.Owns(key, id, n), name)
		}
	}
	switch w := whole.(type) {
	case *Set[server]:
		c := cutting.(*Set[server])
		require.Equal(t, slices.Collect(w.Rank(part)), slices.Collect(c.Rank(key)), name)
		require.Equal(t, scoresOf(w.Scores(part)), scoresOf(c.Scores(key)), name)
	case *Table[server]:
		c := cutting.(*Table[server])
		require.Equal(t, slices.Collect(w.Rank(part)), slices.Collect(c.Rank(key)), name)
		require.Equal(t, scoresOf(w.Scores(part)), scoresOf(c.Scores(key)), name)
	}
}

func scoresOf(all func(func(server, Score) bool)) (scores []Score) {
	for _, s := range all {
		scores = append(scores, s)
	}
	return scores
}

// TestKeyIsPartOfTheChecksum: functions that cut keys differently have different
// checksums, and none has that of a set without one.
func TestKeyIsPartOfTheChecksum(t *testing.T) {
	t.Parallel()
	const marks = "{}<>()[]$:/|@#~^"
	cuts := map[string]func(string) string{
		"nil":          nil,
		"identity":     func(key string) string { return key },
		"lower":        strings.ToLower,
		"8 bytes":      func(key string) string { return key[:min(8, len(key))] },
		"first tag":    prf.HashTag('{', '}'),
		"greedy tag":   greedy,
		"second tag":   func(key string) string { return prf.HashTag('{', '}')(strings.TrimPrefix(key, "{}")) },
		"before colon": func(key string) string { before, _, _ := strings.Cut(key, ":"); return before },
		"after colon":  func(key string) string { return key[strings.LastIndexByte(key, ':')+1:] },
	}
	for i := range marks {
		for j := range marks {
			if marks[i] != '{' || marks[j] != '}' {
				cuts["tag "+marks[i:i+1]+marks[j:j+1]] = prf.HashTag(marks[i], marks[j])
			}
		}
	}
	for form, cfg := range forms() {
		sums := map[uint64]string{}
		for name, cut := range cuts {
			cfg.Key = cut
			set, err := New(formNodes(3), cfg)
			require.NoError(t, err)
			require.Empty(t, sums[set.Checksum()], "%s: %s", form, name)
			sums[set.Checksum()] = name
		}
		assert.Len(t, sums, len(cuts))
	}
}

// greedy cuts to the text between the first { and the last }.
func greedy(key string) string {
	first, last := strings.IndexByte(key, '{'), strings.LastIndexByte(key, '}')
	if first < 0 || last <= first+1 {
		return key
	}
	return key[first+1 : last]
}

func TestFormsOfKeysDoNotAllocate(t *testing.T) {
	for _, cfg := range forms() {
		cfg.Key = prf.HashTag('{', '}')
		set, err := New(formNodes(21), cfg)
		require.NoError(t, err)
		table, err := set.Table(8)
		require.NoError(t, err)
		key := []byte("some {user:42}")
		alloctest.None(t, func() { set.SelectBytes(key); set.SelectHash(42); set.Hash("user:42") })
		alloctest.None(t, func() { table.SelectBytes(key); table.SelectHash(42); table.Hash("user:42") })
	}
}
