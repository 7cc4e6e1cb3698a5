package answer

import (
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

// What is written to a terminal has nothing in it that the terminal obeys,
// whatever names a source reports and whatever the key.
func TestNothingHostileReachesATerminal(t *testing.T) {
	hostile := "\x1b[2J\u202e\u009b\r\x07x"
	nodes := []mapper.Node{{Name: hostile, Addr: hostile, Zone: hostile}}
	p := placed(t, "rendezvous", nodes)
	for _, format := range []string{"text", "json", "jsonl", "csv", "template={{.Key}}{{range .Nodes}}{{.ID}}{{.Address}}{{.Zone}}{{end}}"} {
		for _, many := range []bool{false, true} {
			t.Run(format, func(t *testing.T) {
				o := &Output{Many: many, Terminal: true, Count: 1}
				require.NoError(t, o.Set(format))
				got, err := o.newWriter(o, p).newRecord()(nil, hostile, []int{0})
				require.NoError(t, err)
				assert.Contains(t, string(got), "x")
				for _, r := range string(got) {
					assert.True(t, unicode.IsPrint(r) || r == '\n' || r == '\t', "%q in %q", r, got)
				}
				assert.NotContains(t, string(got), "\xff")
			})
		}
	}
}
