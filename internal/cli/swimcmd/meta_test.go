package swimcmd

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzMetadata checks that every pair of a metadata file comes from a line of it.
func FuzzMetadata(f *testing.F) {
	for _, seed := range []string{"", "# comment\n\nzone=a\r\nweight=2\n", "a=b=c", "=x", "no pair", "a=1\na=2\n", "k=\x00\xff", " #=x", "\r\n\r", "k=v\r\r\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		metadata := map[string][]byte{}
		if err := addLines(metadata, text); err != nil {
			require.NotContains(t, err.Error(), "\n")
			require.ErrorContains(t, err, "is not key=value")
			require.Less(t, len(err.Error()), 400)
			return
		}
		for key, value := range metadata {
			require.NotEmpty(t, key)
			require.NotContains(t, key, "=")
			require.NotContains(t, string(value), "\n")
			require.True(t, strings.Contains("\n"+text, "\n"+key+"="+string(value)), "%q=%q", key, value)
		}
	})
}
