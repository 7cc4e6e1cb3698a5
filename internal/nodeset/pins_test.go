package nodeset

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/rendezvous/prf"
)

// TestKeysArePinned: checksums of hashes that treat some keys alike depend on every
// key.
func TestKeysArePinned(t *testing.T) {
	t.Parallel()
	digest := sha256.New()
	for _, key := range allKeys() {
		_, err := fmt.Fprintf(digest, "%q\n", key)
		require.NoError(t, err)
	}
	assert.Equal(t, "f62da14dc44ef5455079dcb06e0c41856ca5b5803d3e5272767c4dbac20dc74d", fmt.Sprintf("%x", digest.Sum(nil)))
}

// TestScorerBoundsItsWork counts the keys that are scored for a number of nodes.
func TestScorerBoundsItsWork(t *testing.T) {
	t.Parallel()
	hash := prf.SipHash.Func(prf.Options{})
	for nodes, want := range map[int]int{1: len(allKeys()), 20: 409, 100: 81, 1000: len(BasicKeys()) + len(commonKeys)} {
		calls := 0
		NewChecksum("test v1").Scorer(func(key string) uint64 { calls++; return hash(key) }, nodes)
		assert.Equal(t, want, calls, "%d nodes", nodes)
	}
}

func TestWithoutAllocatesWhatIsLeft(t *testing.T) {
	t.Parallel()
	s, err := New([]string{"a", "b", "c", "d"}, func(s string) string { return s }, nil)
	require.NoError(t, err)
	rest, err := s.Without([]string{"a", "b", "b"})
	require.NoError(t, err)
	assert.Equal(t, []string{"c", "d"}, rest.IDs)
	assert.Equal(t, 2, cap(rest.IDs))
}
