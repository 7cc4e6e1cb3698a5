package secret

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzLines checks that secrets are lines of text of the promised length, and
// that an error contains no part of one.
func FuzzLines(f *testing.F) {
	for _, seed := range []string{"", "\r\n\n", "0123456789abcdef\n", "first-secret-of-16\r\n\r\nsecond-secret-of-17", "short\n", "0123456789abcdef\x00\n", "\xff0123456789abcdef", "pässwörter-sind-lang"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		secrets, err := Lines(text)
		if err != nil {
			for line := range bytes.Lines(text) {
				if line = bytes.TrimRight(line, "\r\n"); len(line) >= MinLength {
					require.False(t, strings.Contains(err.Error(), string(line)), "%q", err)
				}
			}
			return
		}
		require.NotEmpty(t, secrets)
		for _, s := range secrets {
			require.GreaterOrEqual(t, len(s), MinLength)
			require.True(t, utf8.Valid(s))
			require.False(t, bytes.ContainsFunc(s, unicode.IsControl))
		}
		again, err := Lines(bytes.Join(secrets, []byte("\r\n")))
		require.NoError(t, err)
		require.Equal(t, secrets, again)
	})
}
