package swim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBackoffDoubles(t *testing.T) {
	b := backoff{min: time.Second, max: 10 * time.Second}
	var pauses []time.Duration
	for range 6 {
		b.done(noon, false)
		pauses = append(pauses, b.pause)
	}
	require.Equal(t, []time.Duration{1e9, 2e9, 4e9, 8e9, 10e9, 10e9}, pauses)
	require.False(t, b.due(noon))
	require.True(t, b.due(noon.Add(15*time.Second)))
}
