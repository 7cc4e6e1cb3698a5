package batch_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/batch"
)

// length is a hash function with hashes that a test can predict.
func length(key string) uint64 { return uint64(len(key)) }

// byLength gives a key the node of its length modulo 4, and none for 3.
var byLength = batch.Lookup[string]{Hasher: batch.Hasher{One: length}, Nodes: []string{"a", "b", "c"}}

func locateHashes(at []uint32, _ []string, hashes []uint64) {
	for i, h := range hashes {
		if at[i] = uint32(h % 4); at[i] == 3 {
			at[i] = batch.None
		}
	}
}

// keysOfLengths returns keys of random lengths, their forms for Bytes and Hashes, and
// their owners.
func keysOfLengths(n int) (keys []string, inBytes [][]byte, hashes []uint64, owners []string) {
	rng := rand.New(rand.NewPCG(8, 8))
	for range n {
		key := strings.Repeat("k", rng.IntN(20))
		keys, inBytes, hashes = append(keys, key), append(inBytes, []byte(key)), append(hashes, length(key))
		owners = append(owners, []string{"a", "b", "c", ""}[len(key)%4])
	}
	return keys, inBytes, hashes, owners
}

// TestLookupFindsEveryOwner has numbers of keys around those of one block and of two.
func TestLookupFindsEveryOwner(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, batch.Size - 1, batch.Size, batch.Size + 1, 2*batch.Size + 3} {
		keys, inBytes, hashes, owners := keysOfLengths(n)
		want := append([]string{"before"}, owners...)
		dst := func() []string { return []string{"before"} }
		require.Equal(t, want, byLength.Strings(dst(), keys, locateHashes), "%d keys", n)
		require.Equal(t, want, byLength.Bytes(dst(), inBytes, locateHashes), "%d keys", n)
		require.Equal(t, want, byLength.Hashes(dst(), hashes, locateHashes), "%d keys", n)
	}
}

// TestLookupPassesBlocks: a Locate gets the keys in order, at most Size at once, with
// their hashes.
func TestLookupPassesBlocks(t *testing.T) {
	t.Parallel()
	keys, inBytes, _, _ := keysOfLengths(2*batch.Size + 1)
	var seen []string
	var sizes []int
	locate := func(at []uint32, keys []string, hashes []uint64) {
		seen, sizes = append(seen, keys...), append(sizes, len(at))
		for i, key := range keys {
			require.Equal(t, length(key), hashes[i])
		}
	}
	byLength.Strings(nil, keys, locate)
	byLength.Bytes(nil, inBytes, locate)
	require.Equal(t, append(keys, keys...), seen)
	require.Equal(t, []int{batch.Size, batch.Size, 1, batch.Size, batch.Size, 1}, sizes)
}

// TestLookupWithoutNodes finds no owner, and without a Hasher none for hashes: it does not
// call a Locate.
func TestLookupWithoutNodes(t *testing.T) {
	t.Parallel()
	keys, inBytes, hashes, _ := keysOfLengths(5)
	fail := func([]uint32, []string, []uint64) { t.Error("Locate without nodes") }
	none := make([]string, 5)
	for _, l := range []batch.Lookup[string]{{}, {Hasher: byLength.Hasher}} {
		require.Equal(t, none, l.Strings(nil, keys, fail))
		require.Equal(t, none, l.Bytes(nil, inBytes, fail))
		require.Equal(t, none, l.Hashes(nil, hashes, fail))
		require.Empty(t, batch.Split[group](l, keys, fail))
	}
	require.Equal(t, none, batch.Lookup[string]{Nodes: byLength.Nodes}.Hashes(nil, hashes, fail))
}

// TestLookupWithoutAHasher passes the keys alone.
func TestLookupWithoutAHasher(t *testing.T) {
	t.Parallel()
	keys, inBytes, _, owners := keysOfLengths(9)
	l := batch.Lookup[string]{Nodes: byLength.Nodes}
	locate := func(at []uint32, keys []string, hashes []uint64) {
		require.Nil(t, hashes)
		sums := make([]uint64, len(keys))
		byLength.Sums(sums, keys)
		locateHashes(at, keys, sums)
	}
	require.Equal(t, owners, l.Strings(nil, keys, locate))
	require.Equal(t, owners, l.Bytes(nil, inBytes, locate))
}

type group struct {
	Node   string
	Keys   []string
	Places []int
}

// TestSplit groups keys in the order of the nodes, with their places among all keys.
func TestSplit(t *testing.T) {
	t.Parallel()
	keys := []string{"kk", "", "kkk", "kkkkkk", "kk"} // of c, a, none, c and c
	require.Equal(t, []group{{"a", []string{""}, []int{1}}, {"c", []string{"kk", "kkkkkk", "kk"}, []int{0, 3, 4}}},
		batch.Split[group](byLength, keys, locateHashes))

	keys, _, _, owners := keysOfLengths(2*batch.Size + 3)
	var want []group
	for _, node := range byLength.Nodes {
		g := group{Node: node}
		for i, owner := range owners {
			if owner == node {
				g.Keys, g.Places = append(g.Keys, keys[i]), append(g.Places, i)
			}
		}
		want = append(want, g)
	}
	require.Equal(t, want, batch.Split[group](byLength, keys, locateHashes))
}

// TestHasher hashes keys one by one, many at once, and only a part of each.
func TestHasher(t *testing.T) {
	t.Parallel()
	all := func(sums []uint64, keys []string) {
		for i, key := range keys {
			sums[i] = length(key)
		}
	}
	cut := func(key string) string { return key[len(key)/2:] }
	keys, inBytes, _, _ := keysOfLengths(batch.Size + 2)
	for name, h := range map[string]batch.Hasher{
		"one":       {One: length},
		"many":      {One: func(string) uint64 { return 99 }, All: all},
		"one, cut":  {One: length, Cut: cut},
		"many, cut": {One: func(string) uint64 { return 99 }, All: all, Cut: cut},
	} {
		want := make([]uint64, len(keys))
		for i, key := range keys {
			if want[i] = length(key); h.Cut != nil {
				want[i] = length(cut(key))
			}
		}
		sums := make([]uint64, len(keys)+1)
		h.Sums(sums, keys)
		require.Equal(t, append(want, 0), sums, name)
		var each []uint64
		h.Each(keys, func(hash uint64) { each = append(each, hash) })
		require.Equal(t, want, each, name)
		var located []uint64
		locate := func(_ []uint32, _ []string, hashes []uint64) { located = append(located, hashes...) }
		l := batch.Lookup[string]{Hasher: h, Nodes: byLength.Nodes}
		l.Strings(nil, keys, locate)
		l.Bytes(nil, inBytes, locate)
		require.Equal(t, append(want, want...), located, name)
	}
	sums := []uint64{1, 2, 3}
	batch.Hasher{}.Sums(sums, keys[:2])
	require.Equal(t, []uint64{0, 0, 3}, sums, "no hash function")
}

// TestReturnedBlocksHoldNoKey looks at the memory of a block after Return. Tests in
// parallel would borrow the same block.
func TestReturnedBlocksHoldNoKey(t *testing.T) {
	for name, use := range map[string]func(b *batch.Block){
		"keys": func(b *batch.Block) {
			copy(b.Keys(9), strings.Fields("a b c d e f g h i"))
			b.Keys(2) // of the nine, which are used nevertheless
		},
		"cut keys": func(b *batch.Block) {
			b.Strings(batch.Hasher{One: length, Cut: strings.Clone}, strings.Fields("a b c"))
		},
	} {
		b := batch.Borrow()
		memory := b.Keys(0)[:batch.Size]
		use(b)
		require.Contains(t, memory, "c", name)
		b.Return()
		require.Equal(t, make([]string, batch.Size), memory, fmt.Sprintf("%s after Return", name))
	}
}
