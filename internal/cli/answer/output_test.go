package answer

import (
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

// TestTerminalOutputIsEscaped: output to a terminal has no control characters, for
// any name of a node and any key.
func TestTerminalOutputIsEscaped(t *testing.T) {
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
