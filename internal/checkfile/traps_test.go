package checkfile

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOnlyPlainKeys: an anchor, a tag or an alias is rejected wherever the file can
// have one, as the text of the file would not be its value.
func TestOnlyPlainKeys(t *testing.T) {
	t.Parallel()
	const ok = "checks: [{name: n, nodes: {min: 1}}]\n"
	for _, c := range []struct{ name, file, want string }{
		{"an anchor of a key", "&x nodes: a\n" + ok, "f:1:1: anchor &x"},
		{"a tag of a key", "!!str nodes: a\n" + ok, `f:1:1: tag "!!str"`},
		{"an alias for a key", "nodes: [&x a]\n*x : b\n" + ok, "anchor &x"},
		{"an anchor of the key of a pin", "checks: [{name: n, pins: {&x k: a}}]\n", "f:1:27: anchor &x"},
		{"a tag of the key of a pin", "checks: [{name: n, pins: {!!binary a2V5: a}}]\n", `f:1:27: tag "!!binary"`},
		{"an anchor of a mapping", "checks: [{name: n, pins: &x {k: a}}]\n", "anchor &x"},
		{"a tag of a list", "checks: !!seq [{name: n, pins: {k: a}}]\n", `tag "!!seq"`},
		{"an anchor of an item", "checks: [&x {name: n, pins: {k: a}}]\n", "anchor &x"},
		{"a tag of the document", "!!map\n" + ok, `tag "!!map"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := format.Parse([]byte(c.file), "f")
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "are not supported")
		})
	}
}

func TestAsManyZonesAsReplicas(t *testing.T) {
	t.Parallel()
	f, err := format.Parse([]byte("checks: [{name: n, spread: {replicas: 2, zones: 2}}]\n"), "f")
	require.NoError(t, err)
	assert.Equal(t, &Spread{Replicas: 2, Zones: 2}, f.Checks[0].Spread)
}

// TestRecordVerifiesItself has line separators that only the YAML parser counts as
// ends of lines, so that the position of the first pin is that of the second, and
// the position of the second is in a comment.
func TestRecordVerifiesItself(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ check, comment, want string }{
		"pin": {
			"    pins:\n      k: a\n", "#\n#\n#     k: a\n",
			`f:7:1: cannot record the pin of "k" here`,
		},
		"checksum": {
			"    severity: warn\n    checksum: \"0000000000000000\"\n", "#\n#\n#   checksum: \"0000000000000000\"\n",
			"f:7:1: cannot record the checksum here",
		},
	} {
		data := []byte("checks: # \u2028\u2028\u2028\n  - name: n\n" + c.check + "  - name: m\n" + c.check + c.comment)
		f, err := format.Parse(data, "f")
		require.NoError(t, err)
		_, err = f.Record(data, func(_ string, n int) []string { return slices.Repeat([]string{"b"}, n) }, "0123456789abcdef")
		require.EqualError(t, err, c.want, name)
	}
}
