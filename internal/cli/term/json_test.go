package term

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// JSON comes back as it went in, and no character of it moves a cursor.
func FuzzJSON(f *testing.F) {
	f.Add("\x1b[31m\u202e\u009b\U000e0001 <é>")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := NewJSONBuffer("", "").Encode(s)
		require.NoError(t, err)
		assert.Equal(t, -1, strings.IndexFunc(strings.TrimSuffix(string(got), "\n"), func(r rune) bool { return !unicode.IsPrint(r) }))
		var back string
		require.NoError(t, json.Unmarshal(got, &back))
		assert.Equal(t, string([]rune(s)), back, "a byte that is no UTF-8 is the replacement character")
	})
}
