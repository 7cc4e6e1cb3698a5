package ring

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/vectors"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// TestPlacementIsPinned compares the default layout with an implementation in
// another language that was written from the documentation of Hashed. If it
// fails, keys have moved: a new placement needs a new name.
func TestPlacementIsPinned(t *testing.T) {
	t.Parallel()
	vectors.Run(t, "ring/order-*.txt", func(t *testing.T, file *vectors.File) {
		r := pinnedRing(t, file)
		for _, row := range file.Rows {
			key, order := row.Text("key"), row.Ints("order")
			var got []int
			for _, s := range r.SelectN(nil, key, 10) {
				got = append(got, s.index)
			}
			require.Equal(t, order, got, "%s: order for %q", row, key)
			owner, ok := r.Select(key)
			require.True(t, ok)
			require.Equal(t, order[0], owner.index, "%s: owner of %q", row, key)
		}
	})
}

func pinnedRing(t *testing.T, file *vectors.File) *Ring[server] {
	t.Helper()
	var nodes []server
	for i, fields := range file.Fields("node", 2) {
		nodes = append(nodes, server{fields[0], number(t, fields[1]), i})
	}
	slices.Reverse(nodes) // the order of input does not matter
	points, err := strconv.Atoi(file.Header("points"))
	require.NoError(t, err)
	cfg := serverConfig(Hashed(points))
	name, key, _ := strings.Cut(file.Header("hash"), " ")
	method, err := prf.Parse(name)
	require.NoError(t, err)
	var opts prf.Options
	if key != "" {
		secret, err := hex.DecodeString(key)
		require.NoError(t, err)
		opts.Key = (*[16]byte)(secret)
	}
	cfg.Hash = method.Func(opts)
	r, err := New(nodes, cfg)
	require.NoError(t, err)
	return r
}

// TestChecksumsOfVectors compares checksums with those of another
// implementation.
func TestChecksumsOfVectors(t *testing.T) {
	t.Parallel()
	for _, row := range vectors.Open(t, "ring/checksums.txt").Rows {
		r := pinnedRing(t, vectors.Open(t, "ring/"+row.Text("file")))
		assert.Equal(t, row.Uint64("ring"), r.Checksum(), row)
	}
}

func TestChecksumIsPinned(t *testing.T) {
	t.Parallel()
	r, err := Of("red", "green", "blue")
	require.NoError(t, err)
	assert.Equal(t, uint64(0x1890f0cbbeb4a46b), r.Checksum())
}
