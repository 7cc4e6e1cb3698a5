package mt

import (
	"crypto/sha512"
	"encoding/binary"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
	"github.com/proxenos/proxenos/internal/testkit/vectors"
)

// published is the seed of the authors' own test output.
var published = Seed{0x123, 0x234, 0x345, 0x456}

func TestPublishedOutput(t *testing.T) {
	t.Parallel()
	// The first five are from the authors' mt19937ar.out. The others are from
	// CPython, where the state has been used up once and twice.
	want := map[int]uint32{
		0: 1067595299, 1: 955945823, 2: 477289528, 3: 4107218783, 4: 4228976476,
		623: 144400272, 624: 3768408841, 625: 782634401, 1299: 2668049223,
	}
	var g generator
	g.start(&[Lanes]Seed{{}, {}, published, {}}, 4)
	for i := range 1300 {
		got := g.uint32(2)
		if w, ok := want[i]; ok {
			assert.Equal(t, w, got, "output %d", i)
		}
	}
}

func TestDrawsAfterIntegers(t *testing.T) {
	t.Parallel()
	vectors.Run(t, "proxenos/srand-int.txt", func(t *testing.T, f *vectors.File) {
		for _, row := range f.Rows {
			checkDraws(t, row, f.Columns[1:], seedOf(t, row.Big("seed")))
		}
	})
}

func TestDrawsAfterBytes(t *testing.T) {
	t.Parallel()
	vectors.Run(t, "proxenos/srand-bytes.txt", func(t *testing.T, f *vectors.File) {
		for _, row := range f.Rows {
			digest := sha512.Sum512(row.Hex("key_hex"))
			checkDraws(t, row, f.Columns[1:], seedOf(t, new(big.Int).SetBytes(digest[:])))
		}
	})
}

// checkDraws compares the draws of a row in every lane, with other streams in
// the other lanes.
func checkDraws(t *testing.T, row vectors.Row, columns []string, seed Seed) {
	t.Helper()
	for lane := range Lanes {
		seeds := [Lanes]Seed{{1}, {2, 3}, published, {5}}
		seeds[lane] = seed
		assert.Equal(t, row.Uint64(columns[0]), Firsts(&seeds)[lane], "%s, lane %d", row, lane)

		var g generator
		g.start(&seeds, seed.words())
		for _, column := range columns {
			assert.Equal(t, row.Uint64(column), g.draw(lane), "%s, %s, lane %d", row, column, lane)
		}
	}
}

// seedOf splits the absolute value of n.
func seedOf(t *testing.T, n *big.Int) (s Seed) {
	t.Helper()
	require.LessOrEqual(t, n.BitLen(), 32*len(s))
	bytes := n.FillBytes(make([]byte, 4*len(s)))
	slices.Reverse(bytes)
	for i := range s {
		s[i] = binary.LittleEndian.Uint32(bytes[4*i:])
	}
	return s
}

func TestWordsOfASeed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		seed Seed
		want int
	}{
		{"zero is one word", Seed{}, 1},
		{"one word", Seed{7}, 1},
		{"a zero word below is kept", Seed{0, 0, 1}, 3},
		{"all words", Seed{15: 1}, 16},
	} {
		assert.Equal(t, c.want, c.seed.words(), c.name)
	}
}

func TestLanesAreIndependent(t *testing.T) {
	t.Parallel()
	// Seeds of different lengths cannot be seeded together; each must draw what
	// it draws alone.
	seeds := [Lanes]Seed{{1, 2}, {3}, {4, 5}, {15: 6}}
	draws := Firsts(&seeds)
	for lane, seed := range seeds {
		alone := Firsts(&[Lanes]Seed{seed, seed, seed, seed})
		assert.Equal(t, alone[0], draws[lane], "lane %d", lane)
		assert.Less(t, draws[lane], uint64(1)<<63)
	}
}

func TestFirstsDoesNotAllocate(t *testing.T) {
	seeds := [Lanes]Seed{{1, 2}, {3}, {4, 5}, {15: 6}}
	alloctest.None(t, func() { Firsts(&seeds) })
}

// BenchmarkFirsts counts one operation per seed.
func BenchmarkFirsts(b *testing.B) {
	b.ReportAllocs()
	seeds := [Lanes]Seed{{0, 11}, {0, 12}, {0, 13}, {0, 14}}
	for i := 0; i < b.N; i += Lanes {
		for lane := range seeds {
			seeds[lane][0] = uint32(i + lane)
		}
		Firsts(&seeds)
	}
}
