package layoutfile

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/ring"
)

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := Parse([]byte("# a comment\nlabel: '{id}-{i}'\npoint_hash: md5-4le32\npoints: each(160)\nkey_hash: md5-le32\nlookup: at-or-after\n"))
	require.NoError(t, err)
	assert.Equal(t, ring.Settings{Label: "{id}-{i}", PointHash: "md5-4le32", Points: "each(160)", KeyHash: "md5-le32", Lookup: "at-or-after"}, got)
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const valid = "{label: x, point_hash: x, points: x, key_hash: x, lookup: x"
	for _, c := range []struct{ name, text, says string }{
		{"nothing", "", "no label: want label, point_hash, points, key_hash and lookup"},
		{"a missing setting", "label: x\n", "no point_hash"},
		{"an unknown key", valid + ", color: red}", "line 1: field color not found in a layout: want label, point_hash, points, key_hash and lookup"},
		{"a key twice", valid + ", label: y}", "already defined"},
		{"two documents", valid + "}\n---\n{}\n", "more than one document"},
		{"a long setting", "label: " + strings.Repeat("x", 201) + "\n", "label is longer than 200 bytes"},
		{"a list", "[1]", "cannot unmarshal"},
		{"broken YAML", "{", "did not find"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.text))
			assert.ErrorContains(t, err, c.says)
		})
	}
}
