package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

// JSON comes back as it went in, and no character of it moves a cursor.
func FuzzJSON(f *testing.F) {
	f.Add("\x1b[31m\u202e\u009b\U000e0001 <é>")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := newJSONBuffer("", "").encode(s)
		require.NoError(t, err)
		assert.Equal(t, -1, strings.IndexFunc(strings.TrimSuffix(string(got), "\n"), func(r rune) bool { return !unicode.IsPrint(r) }))
		var back string
		require.NoError(t, json.Unmarshal(got, &back))
		assert.Equal(t, string([]rune(s)), back, "a byte that is no UTF-8 is the replacement character")
	})
}

// What is written to a terminal has nothing in it that the terminal obeys,
// whatever names a source reports and whatever the key.
func TestNothingHostileReachesATerminal(t *testing.T) {
	hostile := "\x1b[2J\u202e\u009b\r\x07x"
	nodes := []mapper.Node{{Name: hostile, Addr: hostile, Zone: hostile}}
	p, err := (&schemeOptions{algorithm: algorithms[0]}).build(nodes)
	require.NoError(t, err)
	for _, format := range []string{"text", "json", "jsonl", "csv", "template={{.Key}}{{range .Nodes}}{{.ID}}{{.Address}}{{.Zone}}{{end}}"} {
		for _, many := range []bool{false, true} {
			t.Run(format, func(t *testing.T) {
				o := &outputOptions{format: format, many: many, terminal: true, count: 1}
				maker, err := o.maker()
				require.NoError(t, err)
				got, err := maker(o, p).newEncoder().encode(nil, hostile, []int{0})
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
