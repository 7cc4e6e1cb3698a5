package checkfile

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRecord: recording replaces the nodes of pins and nothing else.
func TestRecord(t *testing.T) {
	t.Parallel()
	const before = `# kept
checks:

  - name: pins   # kept too
    pins:
      user:1: a
      "user 2": "old"   # a remark
      user:3:
      'it''s': 'x'
      "naïve ü": ~
      last:    a
  - {name: flow, pins: {k: a, "l": , m: [ a, "b", ], n: ['x y']}}   # lists
  - name: sum
    checksum:   # later
  - {name: again, checksum: "0000000000000000"}
`
	const after = `# kept
checks:

  - name: pins   # kept too
    pins:
      user:1: web-1
      "user 2": "1.5"   # a remark
      user:3: "no"
      'it''s': "a b"
      "naïve ü": "\u001b[31m\":"
      last:    web-1
  - {name: flow, pins: {k: web-1, "l": "::error" , m: [web-1, web-2], n: ["x,y"]}}   # lists
  - name: sum
    checksum: "0123456789abcdef"   # later
  - {name: again, checksum: "0123456789abcdef"}
`
	names := map[string]string{
		"user:1": "web-1", "user 2": "1.5", "user:3": "no", "it's": "a b",
		"naïve ü": "\x1b[31m\":", "last": "web-1", "k": "web-1", "l": "::error", "m": "web-1 web-2", "n": "x,y",
	}
	owners := func(key string, n int) []string {
		if n > 1 {
			return strings.Fields(names[key])
		}
		return []string{names[key]}
	}
	f, err := format.Parse([]byte(before), "f")
	require.NoError(t, err)
	recorded, err := f.Record([]byte(before), owners, "0123456789abcdef")
	require.NoError(t, err)
	assert.Equal(t, after, string(recorded))

	again, err := format.Parse(recorded, "f")
	require.NoError(t, err)
	twice, err := again.Record(recorded, owners, "0123456789abcdef")
	require.NoError(t, err)
	assert.Equal(t, after, string(twice), "recording is idempotent")
}

// TestRecordRejects: a pin whose value is not on the line of its key is an error.
func TestRecordRejects(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, pins string }{
		{"an explicit key", "\n      ? k\n      : a"},
		{"a list on lines", "\n      k:\n        - a"},
		{"a list over two lines", "\n      k: [a,\n        b]"},
		{"a block scalar", "\n      k: >\n        a"},
		{"a value on the next line", "\n      k:\n        a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := []byte("checks:\n  - name: n\n    pins:" + c.pins + "\n")
			f, err := format.Parse(data, "f")
			require.NoError(t, err)
			_, err = f.Record(data, func(_ string, n int) []string { return slices.Repeat([]string{"b"}, n) }, "")
			assert.ErrorContains(t, err, `write it as "key: value"`)
		})
	}
}
