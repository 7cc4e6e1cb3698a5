package swim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func TestSettlingPushPulls(t *testing.T) {
	t.Parallel()
	s := settling{interval: time.Second, youngUntil: noon.Add(youth)}
	require.False(t, s.due(noon, 10, 1))
	s.grew(noon, 10)
	pushPulls := 0
	for now := noon; now.Before(noon.Add(time.Minute)); now = now.Add(100 * time.Millisecond) {
		if s.due(now, 10, 1) {
			pushPulls++
		}
	}
	require.Equal(t, settleRounds, pushPulls, "a new member does a few push-pulls")
	old := noon.Add(time.Hour)
	s.grew(old, 100)
	require.False(t, s.due(old.Add(time.Minute), 100, 1), "one new member does not cause any at the old ones")
	for range 20 {
		s.grew(old, 100)
	}
	require.True(t, s.due(old.Add(time.Minute), 100, 1), "many do")
}
