package place

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
)

func TestSeeds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typed string
		want  int32
		bad   string
	}{
		{typed: "", want: 0},
		{typed: "42", want: 42},
		{typed: "0x10", want: 16},
		{typed: "-1", want: -1},
		{typed: "2147483647", want: 1<<31 - 1},
		{typed: "-2147483648", want: -1 << 31},
		{typed: "2147483648", bad: "is not between"},
		{typed: "99999999999999999999", bad: "is not between"},
		{typed: "x", bad: "is not a whole number"},
		{typed: "1.5", bad: "is not a whole number"},
		{typed: " 1", bad: "is not a whole number"},
	} {
		t.Run(c.typed, func(t *testing.T) {
			got, err := parseSeed(c.typed)
			if c.bad != "" {
				require.ErrorContains(t, err, c.bad)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestSipHashKeys(t *testing.T) {
	t.Parallel()
	want := [16]byte([]byte("0123456789abcdef"))
	for name, typed := range map[string]string{
		"16 bytes":              "0123456789abcdef",
		"32 digits":             "30313233343536373839616263646566",
		"digits of either case": strings.ToUpper("30313233343536373839616263646566"),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseSipHashKey(typed)
			require.NoError(t, err)
			assert.Equal(t, want, *got)
			path := filepath.Join(t.TempDir(), "key")
			for _, content := range []string{typed, typed + "\n", typed + "\r\n"} {
				require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
				got, err = readSipHashKey(path, &term.Streams{Err: io.Discard})
				require.NoError(t, err)
				assert.Equal(t, want, *got, "from a file with %q", content)
			}
		})
	}
}

// Errors about a key never contain it.
func TestErrorsHideKeys(t *testing.T) {
	t.Parallel()
	secrets := []string{"sesame", "sesame-sesame-sesame", "sesamesesamesesamesesamesesamese", "b'0123456789sesam'"}
	for _, secret := range secrets {
		_, err := readEnvironment(&term.Streams{Err: io.Discard, Getenv: func(name string) string {
			return map[string]string{envSipHash: secret}[name]
		}})
		require.ErrorContains(t, err, envSipHash)
		assert.NotContains(t, err.Error()+term.HintOf(err), "sesam")
		assert.Equal(t, term.ExitUsage, term.ExitCode(err))
	}
}
