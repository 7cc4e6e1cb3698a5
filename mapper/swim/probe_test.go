package swim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEverySecondProbeIsOfASuspect(t *testing.T) {
	t.Parallel()
	for health := range 8 {
		var p pace
		probes, ofSuspects := 0, 0
		for range 840 {
			probe, suspect := p.next(health)
			if probe {
				probes++
			}
			if suspect {
				ofSuspects++
			}
		}
		require.Equal(t, 840/(1+health), probes, "in bad health it probes less often")
		require.Equal(t, probes/2, ofSuspects, "in any health")
	}
}
