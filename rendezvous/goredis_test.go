package rendezvous

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/vectors"
)

// TestGoRedisGolden compares the scorer with the answers of go-redis.
func TestGoRedisGolden(t *testing.T) {
	t.Parallel()
	vectors.Run(t, "programs/go-redis-*.txt", func(t *testing.T, f *vectors.File) {
		var shards []string
		for _, fields := range f.Fields("server", 3) {
			shards = append(shards, fields[0])
		}
		index := func(i int) string { return shards[i] }
		s, err := New([]int{4, 2, 0, 1, 3}, Config[int]{ID: index, Scorer: GoRedis()})
		require.NoError(t, err)
		for _, row := range f.Rows {
			got, ok := s.Select(row.Text("key"))
			require.True(t, ok)
			require.Equal(t, row.Int("server"), got, row)
		}
	})
}
