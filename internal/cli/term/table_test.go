package term

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTableAlignsByDisplayWidth checks that columns line up on a terminal, where
// Chinese characters take two columns and combining marks none.
func TestTableAlignsByDisplayWidth(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	require.NoError(t, WriteTable(&b, [][]string{{"ID", "ZONE", "N"}, {"漢字", "e\u0301u", "1"}, {"a", "", "22"}, {"one cell"}}))
	assert.Equal(t, "ID    ZONE  N\n漢字  e\u0301u    1\na     -     22\none cell\n", b.String())
}

func TestColorVariables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		flag, set string
		want      bool
	}{
		{"auto", "", false}, // not a terminal
		{"auto", "FORCE_COLOR=1", true},
		{"auto", "CLICOLOR_FORCE=1", true},
		{"auto", "FORCE_COLOR=0", false},
		{"auto", "CLICOLOR=1", false},
		{"auto", "FORCE_COLOR=1 NO_COLOR=1", false},
		{"never", "FORCE_COLOR=1", false},
		{"always", "NO_COLOR=1", true},
	} {
		s := &Streams{Err: &strings.Builder{}, Color: Colors(), Getenv: func(name string) string {
			for pair := range strings.FieldsSeq(c.set) {
				if key, value, _ := strings.Cut(pair, "="); key == name {
					return value
				}
			}
			return ""
		}}
		require.NoError(t, s.Color.Set(c.flag))
		assert.Equal(t, c.want, s.colored(), "--color %s, %s", c.flag, c.set)
	}
}
