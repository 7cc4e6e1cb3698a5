package swim

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// differences names the fields in which two timings differ.
func differences(a, b Timing) []string {
	var names []string
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range x.NumField() {
		if !x.Field(i).Equal(y.Field(i)) {
			names = append(names, x.Type().Field(i).Name)
		}
	}
	return names
}

// TestPresetsDerive makes sure that a preset says only what is special about
// it: the rest is that of LAN.
func TestPresetsDerive(t *testing.T) {
	t.Parallel()
	require.Subset(t, []string{"Probe", "ProbeTimeout", "Gossip", "SuspicionMult", "PushPull", "Stream", "Check", "Settle", "Reconnect"}, differences(LAN(), WAN()))
	require.Subset(t, []string{"ProbeTimeout", "Gossip", "SuspicionMult", "PushPull", "Stream", "Check", "Settle", "Reconnect"}, differences(LAN(), Local()))
	require.Greater(t, WAN().ProbeTimeout, LAN().ProbeTimeout)
	require.Less(t, Local().ProbeTimeout, LAN().ProbeTimeout)
	for _, preset := range []Timing{LAN(), WAN(), Local()} {
		require.NoError(t, preset.check())
		require.Less(t, preset.ProbeTimeout, preset.Probe)
	}
}
