package swim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEverySecondProbeIsOfASuspect(t *testing.T) {
	t.Parallel()
	for slowdown := 1; slowdown <= 8; slowdown++ {
		var p pace
		probes, ofSuspects := 0, 0
		for range 840 {
			probe, suspect := p.next(slowdown)
			if probe {
				probes++
			}
			if suspect {
				ofSuspects++
			}
		}
		require.Equal(t, 840/slowdown, probes, "a member that slows down probes less often")
		require.Equal(t, probes/2, ofSuspects, "at any pace")
	}
}
