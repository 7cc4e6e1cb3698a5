package slots

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParseRanges parses arbitrary text. What it accepts are ranges of slots.
func FuzzParseRanges(f *testing.F) {
	f.Add("0-5460 a\n5461 b\n")
	f.Add("e7d1 127.0.0.1:30001@31001 myself,master - 0 0 1 connected 0-5460 [93-<-292f]\n")
	f.Add("# nothing\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		ranges, err := ParseRanges(text)
		if err != nil {
			require.ErrorIs(t, err, ErrScheme)
			return
		}
		for _, r := range ranges {
			require.True(t, 0 <= r.First && r.First <= r.Last && r.Last < ClusterSlots, "%+v", r)
		}
	})
}
