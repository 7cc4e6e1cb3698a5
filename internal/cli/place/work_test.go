package place

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring"
)

func TestBuildWork(t *testing.T) {
	t.Parallel()
	std := &term.Streams{Getenv: func(string) string { return "" }}
	two := []mapper.Node{{Name: "a"}, {Name: "b"}}
	for name, c := range map[string]struct {
		settings Settings
		nodes    []mapper.Node
		want     float64
	}{
		"scores at lookup": {Settings{Algorithm: "rendezvous"}, two, 0},
		"slots":            {Settings{Algorithm: "table", TableBits: 10}, two, 2 << 10},
		"partitions":       {Settings{Algorithm: "partitions", Partitions: 300}, two, 600},
		"points":           {Settings{Algorithm: "ring", Points: 40}, two, 8000},
		"fixed points":     {Settings{Algorithm: "nginx"}, two, 32000},
		"a smaller unit":   {Settings{Algorithm: "ring", Points: 40, Unit: 0.5}, two, 16000},
		"the most points":  {Settings{Algorithm: "ring", Points: ring.MaxPoints}, two, 100 * ring.MaxPoints},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var o Flags
			require.NoError(t, o.Apply(c.settings, std))
			assert.InDelta(t, c.want, o.BuildWork(c.nodes), 0)
		})
	}
}
