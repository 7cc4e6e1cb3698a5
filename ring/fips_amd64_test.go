//go:build unix

package ring

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/rendezvous/prf"
)

// TestPointsByMD5UnderFIPS runs itself in FIPS 140-only mode. There, settings that hash
// only the points by MD5 are an error, too.
func TestPointsByMD5UnderFIPS(t *testing.T) {
	t.Parallel()
	custom := func(pointHash string) error {
		s := Settings{Label: "{id}-{i}", PointHash: pointHash, Points: "each(4)", KeyHash: "crc32", Lookup: "at-or-after"}
		_, err := New(serversOf("a", 1), serverConfig(Custom(s)))
		return err
	}
	require.NoError(t, custom("crc32"))
	if os.Getenv("GODEBUG") == "fips140=only" {
		require.ErrorIs(t, custom("md5-4le32"), prf.ErrFIPS)
		return
	}
	require.NoError(t, custom("md5-4le32"))
	again := exec.Command(os.Args[0], "-test.v", "-test.run=^TestPointsByMD5UnderFIPS$")
	again.Env = append(os.Environ(), "GODEBUG=fips140=only")
	out, err := again.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: TestPointsByMD5UnderFIPS")
}
