package checkfile

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRecord: recording replaces the nodes of pins and nothing else.
func TestRecord(t *testing.T) {
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
  - {name: flow, pins: {k: a, "l": }}
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
  - {name: flow, pins: {k: web-1, "l": "::error" }}
`
	owners := map[string]string{
		"user:1": "web-1", "user 2": "1.5", "user:3": "no", "it's": "a b",
		"naïve ü": "\x1b[31m\":", "last": "web-1", "k": "web-1", "l": "::error",
	}
	f, err := Parse([]byte(before), "f")
	require.NoError(t, err)
	recorded, err := f.Record([]byte(before), func(key string) string { return owners[key] })
	require.NoError(t, err)
	assert.Equal(t, after, string(recorded))

	again, err := Parse(recorded, "f")
	require.NoError(t, err)
	twice, err := again.Record(recorded, func(key string) string { return owners[key] })
	require.NoError(t, err)
	assert.Equal(t, after, string(twice), "recording is idempotent")
}

// TestRecordRejects: a pin whose value is not on the line of its key is an error.
func TestRecordRejects(t *testing.T) {
	for _, c := range []struct{ name, pins string }{
		{"an explicit key", "\n      ? k\n      : a"},
		{"a block scalar", "\n      k: >\n        a"},
		{"a value on the next line", "\n      k:\n        a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := []byte("checks:\n  - name: n\n    pins:" + c.pins + "\n")
			f, err := Parse(data, "f")
			require.NoError(t, err)
			_, err = f.Record(data, func(string) string { return "b" })
			assert.ErrorContains(t, err, `write it as "key: node" on one line`)
		})
	}
}
