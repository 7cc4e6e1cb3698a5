package ring

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

func queryIDs(n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("10.0.0.%d:80", i))
	}
	return ids
}

// TestHashAndBytesSelectAsStringsDo compares the three forms of a key under every
// layout. Layouts of 32 bits ignore the high half of a hash.
func TestHashAndBytesSelectAsStringsDo(t *testing.T) {
	t.Parallel()
	narrow := 0
	for _, layout := range append(allLayouts(), HAProxy("crc32"), Twemproxy("md5"), KetamaHash("crc")) {
		for _, cut := range []func(string) string{nil, prf.HashTag('{', '}')} {
			r, err := New(queryIDs(20), Config[string]{ID: self, Layout: layout, Key: cut})
			require.NoError(t, err)
			if r.mask != 1<<64-1 {
				narrow++
			}
			for i := range 300 {
				key := fmt.Sprintf("key {user:%d} of some length", i)
				want, ok := r.Select(key)
				require.True(t, ok)
				got, ok := r.SelectBytes([]byte(key))
				require.True(t, ok)
				require.Equal(t, want, got, layout)
				got, ok = r.SelectHash(r.Hash(key))
				require.True(t, ok)
				require.Equal(t, want, got, layout)
				got, _ = r.SelectHash(r.Hash(key) | ^r.mask)
				require.Equal(t, want, got, "%s: the high half does not count", layout)
			}
		}
	}
	assert.Greater(t, narrow, 10)
}

// TestHashIsThatOfTheConfiguration pins what SelectHash takes, which is not finalized.
func TestHashIsThatOfTheConfiguration(t *testing.T) {
	t.Parallel()
	hash := prf.MMH64.Func(prf.Options{Seed: 3})
	r, err := New(queryIDs(3), Config[string]{ID: self, Hash: hash})
	require.NoError(t, err)
	assert.Equal(t, hash("a {key} b"), r.Hash("a {key} b"))
	r, err = New(queryIDs(3), Config[string]{ID: self, Hash: hash, Key: prf.HashTag('{', '}')})
	require.NoError(t, err)
	assert.Equal(t, hash("key"), r.Hash("a {key} b"))
	r, err = New(queryIDs(3), Config[string]{ID: self, Layout: Ketama(KetamaWeighted)})
	require.NoError(t, err)
	assert.Equal(t, md5Word("key"), r.Hash("key"))
}

// TestNoNodesHaveNoHash: the zero values and nil pointers answer.
func TestNoNodesHaveNoHash(t *testing.T) {
	t.Parallel()
	for _, r := range []*Ring[string]{nil, {}} {
		assert.Zero(t, r.Hash("key"))
		_, ok := r.SelectHash(1)
		assert.False(t, ok)
		_, ok = r.SelectBytes(nil)
		assert.False(t, ok)
	}
	r, err := Of()
	require.NoError(t, err)
	assert.Equal(t, defaultHash("key"), r.Hash("key"), "hashes do not depend on nodes")
	_, ok := r.SelectHash(1)
	assert.False(t, ok)
}

// TestKeyCutsInEveryMethod compares a ring that cuts keys with one that gets them cut,
// also after edits.
func TestKeyCutsInEveryMethod(t *testing.T) {
	t.Parallel()
	first := func(key string) string { return key[:min(1, len(key))] }
	for _, layout := range allLayouts() {
		whole, err := New(queryIDs(30), Config[string]{ID: self, Layout: layout})
		require.NoError(t, err)
		cutting, err := New(queryIDs(30), Config[string]{ID: self, Layout: layout, Key: first})
		require.NoError(t, err)
		assert.Equal(t, slices.Collect(positionsOf(whole)), slices.Collect(positionsOf(cutting)), "labels of points are not cut")
		assert.NotEqual(t, whole.Checksum(), cutting.Checksum())
		for round := range 2 {
			for letter := 'a'; letter <= 'z'; letter++ {
				part, key := string(letter), string(letter)+"bc"
				want, _ := whole.Select(part)
				got, _ := cutting.Select(key)
				require.Equal(t, want, got, layout)
				for _, n := range []int{1, 5, 29} {
					require.Equal(t, whole.SelectN(nil, part, n), cutting.SelectN(nil, key, n), layout)
					require.True(t, cutting.Owns(key, want, n), layout)
				}
				require.Equal(t, slices.Collect(whole.Rank(part)), slices.Collect(cutting.Rank(key)), layout)
			}
			leaving := fmt.Sprintf("10.0.0.%d:80", 3+round)
			whole, err = whole.Without(leaving)
			require.NoError(t, err)
			cutting, err = cutting.Without(leaving)
			require.NoError(t, err)
		}
	}
}

func positionsOf(r *Ring[string]) func(func(uint64) bool) {
	return func(yield func(uint64) bool) {
		for position := range r.Points() {
			if !yield(position) {
				return
			}
		}
	}
}

func TestFormsOfKeysDoNotAllocate(t *testing.T) {
	key := []byte("some {user:42}")
	for _, layout := range allLayouts() {
		r, err := New(queryIDs(5), Config[string]{ID: self, Layout: layout, Key: prf.HashTag('{', '}')})
		require.NoError(t, err)
		alloctest.None(t, func() { r.SelectBytes(key); r.SelectHash(42); r.Hash("user:42") })
	}
}
