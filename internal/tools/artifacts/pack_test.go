package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// config is the part of .goreleaser.yaml that the tests read.
type config struct {
	Builds []struct {
		Main    string
		Env     []string
		Flags   []string
		Ldflags []string
		Goos    []string
		Goarch  []string
	}
	Archives []struct {
		Files []struct{ Src string }
	}
	Nfpms []struct {
		Maintainer string
		Formats    []string
	}
}

func readConfig(t *testing.T) (c config) {
	t.Helper()
	require.NoError(t, yaml.Unmarshal(read(t, top, ".goreleaser.yaml"), &c))
	require.Len(t, c.Builds, 1)
	require.Len(t, c.Archives, 1)
	require.Len(t, c.Nfpms, 1)
	return c
}

// packedFiles returns the names of the single files that an archive holds at its
// top, beside the program.
func packedFiles(t *testing.T) (names []string) {
	for _, f := range readConfig(t).Archives[0].Files {
		names = append(names, path.Base(f.Src))
	}
	return names
}

// TestConfig: the licenses are collected for the program and the platforms that
// the release packs. Only that program is packed: the servers that the tests
// build, Consul among them, are not.
func TestConfig(t *testing.T) {
	t.Parallel()
	c := readConfig(t)
	build := c.Builds[0]
	assert.Equal(t, program, build.Main)
	var built []string
	for _, goos := range build.Goos {
		for _, goarch := range build.Goarch {
			built = append(built, goos+"/"+goarch)
		}
	}
	assert.ElementsMatch(t, platforms, built)
	assert.Contains(t, build.Flags, "-trimpath")
	assert.Contains(t, build.Env, "CGO_ENABLED=0")
	assert.Equal(t, "The proxenos authors", c.Nfpms[0].Maintainer)
	assert.ElementsMatch(t, []string{"deb", "rpm"}, c.Nfpms[0].Formats)
}

// clone clones the repository, without the changes that are not committed.
func clone(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(top, ".git")); err != nil {
		t.Skip("not a git checkout")
	}
	source, err := filepath.Abs(top)
	require.NoError(t, err)
	// A container's checkout may belong to another user, which git refuses.
	command(t, ".", nil, "git", "-c", "safe.directory=*", "clone", "--quiet", "--no-hardlinks", source, dir)
}

func command(t *testing.T, dir string, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %q in %s:\n%s", name, args, dir, out)
}

// TestClonesGiveOneProgram builds with the flags of the release in two clones,
// in directories with names of different length.
func TestClonesGiveOneProgram(t *testing.T) {
	t.Parallel()
	build := readConfig(t).Builds[0]
	var sums []string
	for _, name := range []string{"a", "another/clone"} {
		dir := filepath.Join(t.TempDir(), filepath.FromSlash(name))
		clone(t, dir)
		binary := filepath.Join(t.TempDir(), "proxenos")
		args := slices.Concat([]string{"build"}, build.Flags, []string{"-ldflags=" + strings.Join(build.Ldflags, " "), "-o", binary, build.Main})
		command(t, dir, append(build.Env, "GOFLAGS="), "go", args...)
		info, err := buildinfo.ReadFile(binary)
		require.NoError(t, err)
		assert.NotEqual(t, "(devel)", info.Main.Version, "the program does not know its version")
		assert.NotContains(t, info.Main.Version, "dirty")
		sum := sha256.Sum256(read(t, binary))
		sums = append(sums, string(sum[:]))
	}
	assert.True(t, sums[0] == sums[1], "two clones of one commit give different programs")
}

// tools returns the directory in which internal/repo/dist.sh keeps its tools.
func tools(t *testing.T) string {
	t.Helper()
	hash, err := exec.Command("git", "hash-object", filepath.Join("..", "release", "go.mod")).Output()
	require.NoError(t, err)
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	dir := filepath.Join(cache, "proxenos", "release-"+strings.TrimSpace(string(hash)))
	for _, tool := range []string{"goreleaser", "cyclonedx-gomod"} {
		if _, err := os.Stat(filepath.Join(dir, tool)); errors.Is(err, fs.ErrNotExist) {
			t.Skipf("%s is not built: make dist builds it once, in some minutes", tool)
		}
	}
	return dir
}

// TestPack packs a release for this platform in a clone, where goreleaser is
// built, and looks into the archive.
func TestPack(t *testing.T) {
	t.Parallel()
	bin := tools(t)
	dir := filepath.Join(t.TempDir(), "clone")
	clone(t, dir)
	var all map[string]any
	require.NoError(t, yaml.Unmarshal(read(t, dir, ".goreleaser.yaml"), &all))
	build := all["builds"].([]any)[0].(map[string]any)
	build["goos"], build["goarch"] = []string{runtime.GOOS}, []string{runtime.GOARCH}
	one, err := yaml.Marshal(all)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "one.yaml")
	require.NoError(t, os.WriteFile(file, one, 0o644))
	env := []string{"PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH"), "GOFLAGS="}
	goreleaser := filepath.Join(bin, "goreleaser")
	command(t, dir, env, goreleaser, "check")
	command(t, dir, env, goreleaser, "release", "--snapshot", "--clean", "--config", file)

	names := archived(t, glob(t, dir, "*.tar.gz"))
	for _, want := range []string{"proxenos", "LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "completions/proxenos.bash",
		"completions/_proxenos", "man/man1/proxenos-diff.1.gz", "man/man7/proxenos-sources.7.gz",
		"licenses/std/LICENSE", "licenses/github.com/hashicorp/consul/api/LICENSE"} {
		assert.Contains(t, names, want)
	}
	for _, name := range names {
		if base := path.Base(name); !strings.HasPrefix(name, "licenses/") {
			assert.NotContains(t, base, "consul", "only the client of Consul is packed, in the program")
			assert.NotContains(t, base, "apiserver")
		}
	}
	sums := string(read(t, dir, "dist", "SHA256SUMS"))
	assert.Contains(t, sums, filepath.Base(glob(t, dir, "*.tar.gz")))
	sbom := string(read(t, glob(t, dir, "*.cdx.json")))
	assert.Contains(t, sbom, `"bomFormat": "CycloneDX"`)
	assert.Contains(t, sbom, "pkg:golang/github.com/hashicorp/memberlist@")
	if runtime.GOOS == "linux" {
		for _, kind := range []string{"deb", "rpm"} {
			assert.Contains(t, sums, filepath.Base(glob(t, dir, "*."+kind)))
		}
	}
}

func glob(t *testing.T, dir, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "dist", pattern))
	require.NoError(t, err)
	require.Len(t, found, 1, "%s", pattern)
	return found[0]
}

// archived lists the files of an archive, without its top directory.
func archived(t *testing.T, file string) (names []string) {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	packed, err := gzip.NewReader(f)
	require.NoError(t, err)
	for r := tar.NewReader(packed); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		require.NoError(t, err)
		if header.Typeflag == tar.TypeReg {
			_, name, _ := strings.Cut(header.Name, "/")
			names = append(names, name)
		}
	}
}
