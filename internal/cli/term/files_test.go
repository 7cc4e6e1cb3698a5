package term

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckState(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.NoError(t, os.Symlink("file", link))
	for _, path := range []string{file, link, filepath.Join(dir, "new")} {
		require.NoError(t, CheckState("--save", path))
	}
	err := CheckState("--save", dir)
	require.ErrorIs(t, err, ErrIO)
	require.EqualError(t, err, "--save "+dir+": not a regular file")
	require.Contains(t, HintOf(err), "name a regular file")
	require.Equal(t, ExitUsage, ExitCode(CheckState("--save", "-")))
}

// A state file that cannot be written is an input or output error, and leaves
// nothing behind.
func TestWriteStateFailure(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "missing", "file")} {
		err := WriteState("--save", path, []byte("new"))
		require.Equal(t, ExitIO, ExitCode(err), path)
		require.NotEmpty(t, HintOf(err))
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func write(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

// Standard output is the same stream by any name: a second open would truncate
// what it holds.
func TestWriteStreamToStandardOutput(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out")
	out, err := os.Create(path)
	require.NoError(t, err)
	defer out.Close()
	std := &Streams{Out: out}
	require.NoError(t, write("text\n")(out))
	require.NoError(t, std.WriteStream("-o", path, write("report\n")))
	require.NoError(t, std.WriteStream("-o", "-", write("end\n")))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "text\nreport\nend\n", string(content))
}

func TestWriteStreamFailure(t *testing.T) {
	t.Parallel()
	std := &Streams{}
	err := std.WriteStream("-o", filepath.Join(t.TempDir(), "missing", "file"), write("x"))
	require.Equal(t, ExitIO, ExitCode(err))
	require.Equal(t, "-o names a file or a pipe to write", HintOf(err))
}
