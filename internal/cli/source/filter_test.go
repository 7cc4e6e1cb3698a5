package source

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

func TestFilters(t *testing.T) {
	web := mapper.Node{Name: "web", Addr: "10.0.0.1:80", Tags: []string{"blue", "canary"}}
	bare := mapper.Node{Name: "bare"}
	for _, c := range []struct {
		name                            string
		tags, service, address, exclude string
		node                            mapper.Node
		want                            bool
	}{
		{name: "no filter", node: web, want: true},
		{name: "the end need not match", address: "10.0", node: web, want: true},
		{name: "the start must", address: "0.0", node: web},
		{name: "the whole, if asked for", address: "10.0$", node: web},
		{name: "alternatives are anchored alike", address: "x|0.0", node: web},
		{name: "a caret is no second anchor", address: "^10", node: web, want: true},
		{name: "lines do not count", address: "(?m)^0", node: mapper.Node{Name: "x\n0"}},
		{name: "every tag matches", tags: "blue|canary", node: web, want: true},
		{name: "one of two is not enough", tags: "blue", node: web},
		{name: "no tags pass", tags: "blue", node: bare, want: true},
		{name: "a node without an address has its ID", address: "bare", node: bare, want: true},
		{name: "a service by name", service: "w", node: web, want: true},
		{name: "another service", service: "db", node: web},
		{name: "excluded", exclude: "10.0.0.1", node: web},
		{name: "others are not", exclude: "10.0.0.2", node: web, want: true},
		{name: "the empty expression matches all", address: "", node: web, want: true},
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

func TestPatternsThatAreRefused(t *testing.T) {
	for name, typed := range map[string]string{
		"unbalanced, though the anchor would balance it": "a)(b",
		"look-ahead, which RE2 does not have":            "(?!x)",
		"longer than any pattern should be":              strings.Repeat("a", maxPattern+1),
		"a repetition that would take much memory":       "((a{1000}){1000})",
	} {
		t.Run(name, func(t *testing.T) {
			var p pattern
			require.Error(t, p.Set(typed))
			assert.Nil(t, p.re)
		})
	}
}

// Matching takes linear time: this would take for ever in Python.
func TestPatternsCannotHang(t *testing.T) {
	var p pattern
	require.NoError(t, p.Set("(a+)+$"))
	assert.False(t, p.matches(strings.Repeat("a", 1<<16)+"b"))
}
