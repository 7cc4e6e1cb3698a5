package source

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

func TestFilters(t *testing.T) {
	t.Parallel()
	web := mapper.Node{Name: "web", Addr: "10.0.0.1:80", Tags: []string{"blue", "canary"}}
	bare := mapper.Node{Name: "bare"}
	for _, c := range []struct {
		name                            string
		tags, service, address, exclude string
		node                            mapper.Node
		want                            bool
	}{
		{name: "no filter", node: web, want: true},
		{name: "prefix of the text", address: "10.0", node: web, want: true},
		{name: "not at the start of the text", address: "0.0", node: web},
		{name: "dollar matches the end only", address: "10.0$", node: web},
		{name: "all alternatives are anchored", address: "x|0.0", node: web},
		{name: "redundant caret", address: "^10", node: web, want: true},
		{name: "not at the start of a later line", address: "(?m)^0", node: mapper.Node{Name: "x\n0"}},
		{name: "every tag matches", tags: "blue|canary", node: web, want: true},
		{name: "one of two tags matches", tags: "blue", node: web},
		{name: "no tags", tags: "blue", node: bare, want: true},
		{name: "ID of a node without an address", address: "bare", node: bare, want: true},
		{name: "name of the service", service: "w", node: web, want: true},
		{name: "name of another service", service: "db", node: web},
		{name: "excluded address", exclude: "10.0.0.1", node: web},
		{name: "another address excluded", exclude: "10.0.0.2", node: web, want: true},
		{name: "empty expression", address: "", node: web, want: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var o Filters
			for p, typed := range map[*pattern]string{&o.tags: c.tags, &o.service: c.service, &o.address: c.address, &o.exclude: c.exclude} {
				if typed != "" {
					require.NoError(t, p.Set(typed))
				}
			}
			assert.Equal(t, c.want, len(o.Apply([]mapper.Node{c.node})) == 1)
		})
	}
}

func TestInvalidPatterns(t *testing.T) {
	t.Parallel()
	for name, typed := range map[string]string{
		"unbalanced, but balanced inside the anchor": "a)(b",
		"look-ahead":              "(?!x)",
		"longer than the limit":   strings.Repeat("a", maxPattern+1),
		"too large when compiled": "((a{1000}){1000})",
	} {
		t.Run(name, func(t *testing.T) {
			var p pattern
			require.Error(t, p.Set(typed))
			assert.Nil(t, p.re)
		})
	}
}

// TestPatternsTakeLinearTime uses a pattern that backtracks exponentially in
// Python.
func TestPatternsTakeLinearTime(t *testing.T) {
	t.Parallel()
	var p pattern
	require.NoError(t, p.Set("(a+)+$"))
	assert.False(t, p.matches(strings.Repeat("a", 1<<16)+"b"))
}
