package rendezvous_test

import (
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/vectors"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// pinned is a node of a golden vector with its index in the header.
type pinned struct {
	id     string
	weight float64
	index  int
}

func (p pinned) ID() string      { return p.id }
func (p pinned) Weight() float64 { return p.weight }

// TestPlacementIsPinned compares all results with those of an implementation in
// another language that was written from the documentation. If it fails, keys
// have moved: a new placement needs a new name.
func TestPlacementIsPinned(t *testing.T) {
	t.Parallel()
	vectors.Run(t, "rendezvous/order-*.txt", func(t *testing.T, file *vectors.File) {
		set := pinnedSet(t, file)
		bits, err := strconv.Atoi(file.Header("table_bits"))
		require.NoError(t, err)
		table, err := set.Table(bits)
		require.NoError(t, err)
		for _, row := range file.Rows {
			key := row.Text("key")
			order := row.Ints("order")
			var got []int
			for node, score := range set.Scores(key) {
				if len(got) == 0 {
					assert.Equal(t, row.Uint64("top_score"), score.Raw, "%s: score of %q", row, key)
				}
				if got = append(got, node.index); len(got) == len(order) {
					break
				}
			}
			require.Equal(t, order, got, "%s: order for %q", row, key)
			owner, ok := set.Select(key)
			require.True(t, ok)
			require.Equal(t, order[0], owner.index, "%s: owner of %q", row, key)
			require.Equal(t, row.Int("slot"), table.Slot(key), "%s: slot of %q", row, key)
			owner, ok = table.Select(key)
			require.True(t, ok)
			require.Equal(t, row.Int("slot_owner"), owner.index, "%s: owner of the slot of %q", row, key)
		}
	})
}

func pinnedSet(t *testing.T, file *vectors.File) *rendezvous.Set[pinned] {
	t.Helper()
	var nodes []pinned
	for i, node := range file.Fields("node", 2) {
		weight, err := strconv.ParseFloat(node[1], 64)
		require.NoError(t, err)
		nodes = append(nodes, pinned{node[0], weight, i})
	}
	name, key, _ := strings.Cut(file.Header("hash"), " ")
	opts := prf.Options{}
	if key != "" {
		secret, err := hex.DecodeString(key)
		require.NoError(t, err)
		opts.Key = (*[16]byte)(secret)
	}
	hash, err := prf.New(name, opts)
	require.NoError(t, err)
	set, err := rendezvous.New(nodes, rendezvous.Config[pinned]{ID: pinned.ID, Weight: pinned.Weight, Hash: hash})
	require.NoError(t, err)
	return set
}

// TestChecksumsOfVectors compares checksums with those of another
// implementation.
func TestChecksumsOfVectors(t *testing.T) {
	t.Parallel()
	for _, row := range vectors.Open(t, "rendezvous/checksums.txt").Rows {
		file := vectors.Open(t, "rendezvous/"+row.Text("file"))
		set := pinnedSet(t, file)
		assert.Equal(t, row.Uint64("set"), set.Checksum(), row)
		bits, err := strconv.Atoi(file.Header("table_bits"))
		require.NoError(t, err)
		table, err := set.Table(bits)
		require.NoError(t, err)
		assert.Equal(t, row.Uint64("table"), table.Checksum(), row)
	}
}

func TestChecksumIsPinned(t *testing.T) {
	t.Parallel()
	set, err := rendezvous.Of("red", "green", "blue")
	require.NoError(t, err)
	table, err := set.Table(10)
	require.NoError(t, err)
	assert.Equal(t, []uint64{0x764fc7a805675142, 0x29a80186ca7492ef}, []uint64{set.Checksum(), table.Checksum()})
}
