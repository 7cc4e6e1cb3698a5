package static

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestWatchWaitsForAWriterThatIsSlow has a program write a list line by line, each
// a list of its own for a reader that does not wait.
func TestWatchWaitsForAWriterThatIsSlow(t *testing.T) {
	t.Parallel()
	f := &File{Path: filepath.Join(t.TempDir(), "nodes.txt"), ScanEvery: never, Settle: 50 * time.Millisecond}
	write(t, f.Path, "a\nb\nc\nd\n")
	tape := record(t, f)
	tape.next("a b c d")
	file, err := os.Create(f.Path)
	require.NoError(t, err)
	for _, line := range []string{"w\n", "x\n", "y\n", "z\n"} {
		_, err := file.WriteString(line)
		require.NoError(t, err)
		time.Sleep(2 * f.Settle)
	}
	require.NoError(t, file.Close())
	require.Equal(t, "w x y z", <-tape.events, "nothing in between")

	file, err = os.Create(f.Path)
	require.NoError(t, err)
	_, err = file.WriteString("v\n")
	require.NoError(t, err)
	tape.next("!: a program has it open for writing; rename a finished file into place")
	require.NoError(t, file.Close())
}

func TestBeingWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nodes.txt")
	require.False(t, beingWritten(path), "there is no file")
	file, err := os.Create(path)
	require.NoError(t, err)
	require.True(t, beingWritten(path))
	require.True(t, beingWritten(path), "asking changes nothing")
	require.NoError(t, file.Close())
	require.False(t, beingWritten(path))
	reader, err := os.Open(path)
	require.NoError(t, err)
	require.False(t, beingWritten(path), "readers do not count")
	require.NoError(t, reader.Close())
	require.False(t, beingWritten(filepath.Dir(path)))
}
