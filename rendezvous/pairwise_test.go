package rendezvous_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// The other program hashes node and key together.
func ExamplePairwise() {
	md5, err := prf.New("md5", prf.Options{})
	if err != nil {
		panic(err)
	}
	set, err := rendezvous.New(servers, rendezvous.Config[Server]{
		ID:     Server.Name,
		Scorer: rendezvous.Pairwise(func(id, key string) uint64 { return md5(id + "/" + key) }),
	})
	if err != nil {
		panic(err)
	}
	owner, _ := set.Select("user:42")
	fmt.Println(owner.Host)
	// Output:
	// dog
}

// numbers builds a set of numbers, where the node nearest to the key wins.
func numbers(t *testing.T, weight func(string) float64, ids ...string) *rendezvous.Set[string] {
	t.Helper()
	set, err := rendezvous.New(ids, rendezvous.Config[string]{
		ID:     func(id string) string { return id },
		Weight: weight,
		Scorer: rendezvous.Pairwise(func(id, key string) uint64 {
			node, _ := strconv.Atoi(id)
			at, _ := strconv.Atoi(key) // 0 for the keys of the checksum
			return 1000 - uint64(max(node-at, at-node))
		}),
	})
	require.NoError(t, err)
	return set
}

func TestPairwiseByHand(t *testing.T) {
	t.Parallel()
	set := numbers(t, nil, "10", "20", "30")
	for key, want := range map[string][]string{
		"11":  {"10", "20", "30"},
		"19":  {"20", "10", "30"},
		"100": {"30", "20", "10"},
		"15":  {"10", "20", "30"}, // a tie: the smaller ID
		"25":  {"20", "30", "10"},
	} {
		owner, ok := set.Select(key)
		assert.True(t, ok)
		assert.Equal(t, want[0], owner, key)
		assert.Equal(t, want, set.SelectN(nil, key, 3), key)
	}
}

func TestPairwiseSkipsDrainedNodes(t *testing.T) {
	t.Parallel()
	set := numbers(t, func(id string) float64 { return map[string]float64{"10": 1, "30": 1}[id] }, "10", "20", "30")
	owner, ok := set.Select("21")
	assert.True(t, ok)
	assert.Equal(t, "30", owner)
	assert.Equal(t, []string{"30", "10"}, set.SelectN(nil, "21", 3))
}

func TestPairwiseOfNilIsRefused(t *testing.T) {
	t.Parallel()
	_, err := rendezvous.New(servers, rendezvous.Config[Server]{ID: Server.Name, Scorer: rendezvous.Pairwise(nil)})
	assert.ErrorIs(t, err, rendezvous.ErrNoScore)
}

func TestPairwiseDoesNotAllocate(t *testing.T) {
	fill, err := rendezvous.Pairwise(func(id, key string) uint64 { return uint64(len(id) + len(key)) })([]string{"a", "bb"})
	require.NoError(t, err)
	scores := make([]uint64, 2)
	alloctest.None(t, func() { fill(scores, "key") })
	assert.Equal(t, []uint64{4, 5}, scores)
}
