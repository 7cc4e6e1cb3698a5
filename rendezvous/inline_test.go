package rendezvous

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestHotFunctionsInline checks the compiler's decisions: a call for each node
// would cost more than the score itself.
func TestHotFunctionsInline(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command, as under emulation of another processor")
	}
	out, err := exec.Command("go", "build", "-gcflags=-m", ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, function := range []string{
		"mixer.score", "expand", "complement", "limitFor", "candidate.beats", "insert",
	} {
		assert.Contains(t, string(out), "can inline "+function+"\n")
	}
}
