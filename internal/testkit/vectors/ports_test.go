package vectors

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ports are programs under testdata, written from SPEC.md, that compute the rows
// of the files they are given and print them, with their checksums.
var ports = []struct {
	command string
	folder  string
	rows    int // at least: a folder that loses its files fails
}{
	{"python3 -B reference.py", "rendezvous", 2208},
	{"python3 -B reference_ring.py", "ring", 2064},
	{"python3 -B reference_partitions.py", "partitions", 1161},
	{"python3 -B reference_shards.py", "shards", 516},
	{"python3 -B reference_levels.py", "levels", 774},
	{"node reference.js", "rendezvous", 2208},
	{"node reference_rules.js", "partitions", 1161},
	{"node reference_rules.js", "shards", 516},
	{"node reference_rules.js", "levels", 774},
	{"java Reference.java", "rendezvous", 2208},
	{"java Reference.java", "partitions", 1161},
	{"java Reference.java", "shards", 516},
	{"java Reference.java", "levels", 774},
}

// TestPorts compares every row and checksum of this project's own vectors with
// the output of the ports. A port whose program is missing is skipped, or fails
// with PROXENOS_REQUIRE_PEERS=1.
func TestPorts(t *testing.T) {
	t.Parallel()
	for _, port := range ports {
		t.Run(port.command+" "+port.folder, func(t *testing.T) {
			t.Parallel()
			argv := strings.Fields(port.command)
			if _, err := exec.LookPath(argv[0]); err != nil {
				require.NotEqual(t, "1", os.Getenv("PROXENOS_REQUIRE_PEERS"), "%s: install it", err)
				t.Skip(err)
			}
			want, rows := wantOutput(t, port.folder)
			require.GreaterOrEqual(t, rows, port.rows)
			cmd := exec.Command(argv[0], append(argv[1:], vectorFiles(t, port.folder)...)...)
			cmd.Dir = testdata(t)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			require.NoError(t, err, stderr.String())
			got := strings.Split(string(out), "\n")
			require.Len(t, got, len(want))
			for i := range want {
				assert.Equal(t, want[i], got[i])
			}
			t.Logf("%d rows of vectors and their checksums are equal", rows)
		})
	}
}

// vectorFiles returns the files whose rows a port computes, relative to
// testdata.
func vectorFiles(t *testing.T, folder string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testdata(t), folder, "order-*.txt"))
	require.NoError(t, err)
	if folder == "rendezvous" {
		paths = append(paths, filepath.Join(testdata(t), folder, "logarithm.txt"))
	}
	for i, path := range paths {
		paths[i] = folder + "/" + filepath.Base(path)
	}
	return paths
}

// wantOutput returns the lines that a port prints for the files of a folder, and
// how many of them are rows.
func wantOutput(t *testing.T, folder string) (lines []string, rows int) {
	t.Helper()
	sums := map[string]string{}
	if folder != "shards" && folder != "levels" { // which have no checksums
		for _, row := range body(t, folder+"/checksums.txt") {
			file, sum, _ := strings.Cut(row, "\t")
			sums[file] = sum
		}
	}
	for _, path := range vectorFiles(t, folder) {
		file := body(t, path)
		lines = append(append(lines, "#\t"+path), file...)
		rows += len(file)
		if sum, ok := sums[filepath.Base(path)]; ok {
			lines = append(lines, fmt.Sprintf("checksum\t%s", sum))
			delete(sums, filepath.Base(path))
		}
	}
	require.Empty(t, sums, "checksums of files that do not exist")
	return append(lines, ""), rows
}

// body returns the lines below the header of a file.
func body(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testdata(t), path))
	require.NoError(t, err)
	_, rows, ok := strings.Cut(string(text), "\n\n")
	require.True(t, ok, path)
	return strings.Split(strings.TrimSuffix(rows, "\n"), "\n")
}
