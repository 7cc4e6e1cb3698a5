package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli"
)

var top = filepath.Join("..", "..", "..")

// TestSameInputGivesSameBytes: a release is reproducible only if what is packed
// beside the program is.
func TestSameInputGivesSameBytes(t *testing.T) {
	t.Parallel()
	one, two := t.TempDir(), t.TempDir()
	for _, dir := range []string{one, two} {
		require.NoError(t, writeManPages(filepath.Join(dir, "man"), "v1.2.3", time.Unix(1700000000, 0).UTC()))
		require.NoError(t, writeCompletions(filepath.Join(dir, "completions")))
	}
	files := filesBelow(t, one)
	require.Greater(t, len(files), 30)
	assert.Equal(t, files, filesBelow(t, two))
	for _, name := range files {
		a, b := read(t, one, name), read(t, two, name)
		assert.True(t, bytes.Equal(a, b), name)
	}
}

func filesBelow(t *testing.T, dir string) (names []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	}))
	return names
}

func read(t *testing.T, elem ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elem...))
	require.NoError(t, err)
	return text
}

// TestEveryCommandHasAManPage renders the pages with groff, which reports what it
// cannot format. It compares the words of the description with those of the page:
// none may be taken for markup and lost.
func TestEveryCommandHasAManPage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, writeManPages(dir, "v1.2.3", time.Unix(1700000000, 0).UTC()))
	commands := everyCommand(cli.Root(io.Discard))
	assert.Len(t, filesBelow(t, dir), len(commands), "a page for each command and topic")
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Log("groff is missing: pages are not rendered (Debian: apt-get install groff-base)")
	}
	for _, c := range commands {
		section := "1"
		if c.IsAdditionalHelpTopicCommand() {
			section = "7"
		}
		name := strings.ReplaceAll(c.CommandPath(), " ", "-") + "." + section + ".gz"
		r, err := gzip.NewReader(bytes.NewReader(read(t, dir, "man"+section, name)))
		require.NoError(t, err)
		assert.True(t, r.ModTime.IsZero(), name)
		source, err := io.ReadAll(r)
		require.NoError(t, err)
		assert.True(t, bytes.Contains(source, []byte(`"proxenos v1.2.3"`)), "%s does not name the version", name)
		if groff == "" {
			continue
		}
		page := render(t, groff, name, source)
		for _, word := range append(strings.Fields(ascii(c.Long)), "NAME", "SYNOPSIS", "DESCRIPTION") {
			assert.True(t, strings.Contains(page, word), "%s lacks %q", name, word)
		}
	}
}

// broken matches the end of a line after a hyphen of the text.
var broken = regexp.MustCompile(`-\n *`)

// render formats a page as plain text, without hyphens of its own. Words that groff
// broke at a hyphen are whole again.
func render(t *testing.T, groff, name string, source []byte) string {
	t.Helper()
	cmd := exec.Command(groff, "-man", "-Tascii", "-ww", "-P-cbou", "-rHY=0", "-dAD=l", "-rLL=200n")
	cmd.Stdin = bytes.NewReader(source)
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	require.NoError(t, cmd.Run(), "%s: %s", name, words.String())
	return broken.ReplaceAllString(ascii(out.String()), "-")
}

// ascii leaves out the characters that groff writes in another form.
func ascii(text string) string {
	return strings.Map(func(r rune) rune {
		if r > 126 || strings.ContainsRune("'`^~\"", r) {
			return -1
		}
		return r
	}, text)
}

// TestLinkedModulesHaveKnownLicenses names each module whose license must be
// looked at before a release can be packed.
func TestLinkedModulesHaveKnownLicenses(t *testing.T) {
	t.Parallel()
	linked, err := linkedModules(top, program, platforms)
	require.NoError(t, err)
	require.Greater(t, len(linked), 20, "hardly any modules found")
	dir := t.TempDir()
	require.NoError(t, writeLicenses(dir, linked))
	notice := string(read(t, dir, "NOTICE"))
	for _, m := range linked {
		assert.Contains(t, notice, " "+m.Path+" "+m.Version+"\n")
		copied, err := filepath.Glob(filepath.Join(dir, "licenses", filepath.FromSlash(m.Path), "*"))
		require.NoError(t, err)
		assert.NotEmpty(t, copied, "no license of %s is packed", m.Path)
		// The server of Consul is under the BUSL; its client is not.
		assert.NotEqual(t, "github.com/hashicorp/consul", m.Path, "the program links Consul's server")
	}
	memberlist := slices.IndexFunc(linked, func(m linkedModule) bool { return m.Path == "github.com/hashicorp/memberlist" })
	require.GreaterOrEqual(t, memberlist, 0)
	assert.Contains(t, notice, "https://github.com/hashicorp/memberlist/tree/"+linked[memberlist].Version+"\n")
	assert.Regexp(t, `https://github.com/hashicorp/consul/tree/api/v\S+\n    go mod download -json github.com/hashicorp/consul/api@v`, notice)
}

// TestUnknownLicenseIsRefused shows that the test above can fail.
func TestUnknownLicenseIsRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"none":    "",
		"unknown": "You may use this on Sundays.\n",
		"BUSL":    "Business Source License 1.1\n",
		"GPL":     "GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007\n",
	} {
		dir := t.TempDir()
		if text != "" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "LICENSE"), []byte(text), 0o644))
		}
		err := writeLicenses(t.TempDir(), []linkedModule{{Path: "example.com/m", Version: "v1.0.0", Dir: dir}})
		assert.ErrorContains(t, err, "example.com/m v1.0.0 has files", name)
	}
}

func TestSourceURL(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"github.com/a/b":     "https://github.com/a/b/tree/v1.2.0",
		"github.com/a/b/api": "https://github.com/a/b/tree/api/v1.2.0",
		"github.com/a/b/v2":  "https://github.com/a/b/tree/v1.2.0",
	} {
		assert.Equal(t, want, sourceURL(linkedModule{Path: path, Version: "v1.2.0"}))
	}
}

// TestDockerfile checks what no build of an image checks: COPY takes files that
// the archive for linux has, and the program accepts CMD.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	lines := strings.Split(string(read(t, top, ".github", "Dockerfile")), "\n")
	packed := append([]string{"proxenos", "licenses"}, packedFiles(t)...)
	copies := 0
	for _, line := range lines {
		if sources, found := strings.CutPrefix(line, "COPY "); found {
			copies++
			fields := strings.Fields(sources)
			for _, source := range fields[:len(fields)-1] {
				assert.Contains(t, packed, source, line)
			}
		}
	}
	assert.Positive(t, copies)
	assert.Contains(t, lines, "FROM scratch")
	user := regexp.MustCompile(`(?m)^USER ([0-9]+):[0-9]+$`).FindStringSubmatch(strings.Join(lines, "\n"))
	require.NotNil(t, user, "no user by number")
	assert.NotEqual(t, "0", user[1])
	assert.Contains(t, lines, `ENTRYPOINT ["/usr/bin/proxenos"]`)
	assert.Contains(t, strings.Join(lines, "\n"), "COPY proxenos /usr/bin/proxenos\n")

	i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "CMD ") })
	require.GreaterOrEqual(t, i, 0)
	var args []string
	for quoted := range strings.SplitSeq(strings.Trim(strings.TrimPrefix(lines[i], "CMD "), "[]"), ",") {
		args = append(args, strings.Trim(strings.TrimSpace(quoted), `"`))
	}
	command, rest, err := cli.Root(io.Discard).Find(args)
	require.NoError(t, err)
	assert.Equal(t, "serve", command.Name())
	require.NoError(t, command.ParseFlags(rest))
	require.NoError(t, command.ValidateArgs(command.Flags().Args()))
}
