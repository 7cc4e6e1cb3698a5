package prf

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
)

// manyOptions are parameters that use all their bits.
func manyOptions() []Options {
	return []Options{{}, {Seed: -0x1234567, Key: &[16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}, {X86: true}}
}

// requireAll compares FuncAll with Func.
func requireAll(t *testing.T, keys []string) {
	t.Helper()
	for _, m := range append(Methods(), -1, 100) {
		for _, o := range manyOptions() {
			one, sums := m.Func(o), make([]uint64, len(keys)+1)
			m.FuncAll(o)(sums, keys)
			for i, key := range keys {
				require.Equal(t, one(key), sums[i], "%s of key %d of %d, %q", m, i, len(keys), key)
			}
			require.Zero(t, sums[len(keys)], "%s: a sum beyond the last key", m)
		}
	}
}

// TestFuncAllOfEveryLength has every number of keys that ends a block, and every
// length up to the third word at every alignment.
func TestFuncAllOfEveryLength(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	text := make([]byte, 2000)
	for i := range text {
		text[i] = byte(rng.Uint32())
	}
	for _, n := range []int{0, 1, 2, 3, 4, 5, 15, 16, 17, 31, 63, 64, 65, 66, 67, 68, 130, 257} {
		keys := make([]string, n)
		for i := range keys {
			from := rng.IntN(1900)
			keys[i] = string(text[from : from+rng.IntN(70)])
		}
		requireAll(t, keys)
	}
	for length := range 35 {
		var keys []string
		for offset := range 9 {
			keys = append(keys, string(text)[offset:offset+length])
		}
		requireAll(t, keys)
	}
}

// FuzzFuncAll cuts a text into keys.
func FuzzFuncAll(f *testing.F) {
	f.Add("user:42 user:43", 3)
	f.Add("", 70)
	f.Fuzz(func(t *testing.T, text string, n int) {
		keys := make([]string, max(0, n)%140)
		for i := range keys {
			from := i * 5 % (len(text) + 1)
			keys[i] = text[from : from+i*3%(len(text)-from+1)]
		}
		requireAll(t, keys)
	})
}

func TestFuncAllDoesNotAllocate(t *testing.T) {
	keys, sums := make([]string, 100), make([]uint64, 100)
	for i := range keys {
		keys[i] = fmt.Sprint("user:", i)
	}
	for _, m := range Methods() {
		all := m.FuncAll(Options{})
		alloctest.None(t, func() { all(sums, keys) })
	}
}
