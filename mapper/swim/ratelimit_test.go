package swim

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRateLimit(t *testing.T) {
	t.Parallel()
	r := rateLimit{burst: 2, every: time.Second}
	var got []string
	for _, at := range []time.Duration{0, 0, 0, 0, 1500 * time.Millisecond, 1900 * time.Millisecond, time.Hour, time.Hour, time.Hour} {
		refused, ok := r.allow(noon.Add(at))
		got = append(got, fmt.Sprint(ok, refused))
	}
	require.Equal(t, []string{"true 0", "true 0", "false 0", "false 0", "true 2", "false 0", "true 1", "true 0", "false 0"}, got)
}
