package cli

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// TestBackendFlagsAreFolded checks that help leaves the flags of backends to
// --help-all and to the topic of sources.
func TestBackendFlagsAreFolded(t *testing.T) {
	t.Parallel()
	help, _, code := command("", "select", "--help")
	assert.Equal(t, term.ExitDone, code)
	assert.NotContains(t, help, "--datacenter")
	assert.Contains(t, help, "--help-all")
	for _, args := range [][]string{{"select", "--help-all"}, {"help", "sources"}} {
		out, errors, code := command("", args...)
		assert.Equal(t, term.ExitDone, code, errors)
		for _, flag := range []string{"--datacenter", "--dns-server", "--peer"} {
			assert.Contains(t, out, flag, args)
		}
		assert.NotContains(t, out, "(default )", "%v shows an empty default", args)
	}
	_, errors, code := command("", "select", "-n", "a", "--datacenter", "x", "--", "--help-all")
	assert.NotEqual(t, term.ExitDone, code, "after --, a KEY: %s", errors)
}

// TestFirstTries checks what a newcomer types first.
func TestFirstTries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typed    string
		code     int
		out, err string
	}{
		{"--version", term.ExitDone, "proxenos ", ""},
		{"version", term.ExitDone, "proxenos ", ""},
		{"help completion bash", term.ExitDone, "proxenos completion bash|zsh", ""},
		{"nosuch --help", term.ExitUsage, "", `unknown proxenos command "nosuch"`},
		{"swim nosuch --help", term.ExitUsage, "", `unknown swim command "nosuch"`},
		{"swim --help", term.ExitDone, "Commands:", ""},
		{"balance -n a --max-imbalance abc", term.ExitUsage, "", `--max-imbalance "abc": must be a number, such as 1.5`},
		{"select -n a --timeout abc k", term.ExitUsage, "", `--timeout "abc": must be a duration, such as 500ms, 5s or 2m`},
		{"select -n a -k abc k", term.ExitUsage, "", `--count "abc": must be a whole number`},
		{"select -n a -o template={{.Nosuch}} k", term.ExitUsage, "", "template:1:2: executing <.Nosuch>: can't evaluate field Nosuch in the output\nhint: give a Go template"},
		{"select -n a --null=perhaps k", term.ExitUsage, "", `--null "perhaps": must be true or false`},
	} {
		t.Run(c.typed, func(t *testing.T) {
			t.Parallel()
			out, errors, code := command("", strings.Fields(c.typed)...)
			assert.Equal(t, c.code, code, errors)
			assert.Contains(t, out, c.out)
			assert.Contains(t, errors, c.err)
			assert.Equal(t, c.code == term.ExitDone, out != "", "help and errors do not mix")
		})
	}
}

// TestVersionLine checks that the revision is in the version.
func TestVersionLine(t *testing.T) {
	t.Parallel()
	b := term.Build{Version: "v1.2.3", Revision: "0123456789abcdef0123", Modified: true, Go: "go1.26.0", Platform: "linux/arm64"}
	assert.Equal(t, "proxenos v1.2.3 (revision 0123456789ab modified, go1.26.0, linux/arm64)\n", versionLine(b))
	b.Revision = ""
	assert.Equal(t, "proxenos v1.2.3 (go1.26.0, linux/arm64)\n", versionLine(b))
}

// TestCompletionsOfValues checks that a value that goes on gets no space, and
// that descriptions have no backticks.
func TestCompletionsOfValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typed, want string }{
		{"select -o t", "text\ntemplate=\n:4\n"},
		{"select -o te", "text\ntemplate=\n:4\n"},
		{"select -o tem", "template=\n:6\n"},
		{"select --identity m", "meta:\n:6\n"},
		{"check --report j", "junit=\n:6\n"},
		{"check --report git", "github\ngitlab=\n:4\n"},
		{"check --report x", ":4\n"},
	} {
		out, _, code := command("", append([]string{"__complete"}, strings.Fields(c.typed)...)...)
		assert.Equal(t, term.ExitDone, code)
		assert.Equal(t, c.want, out, c.typed)
	}
	out, _, _ := command("", "__complete", "select", "--")
	assert.Contains(t, out, "--nodes-file\tfile with nodes")
	assert.NotContains(t, out, "`")
}

// TestBashWithoutBashCompletion sources the script in a bash without and with the
// functions of bash-completion.
func TestBashWithoutBashCompletion(t *testing.T) {
	t.Parallel()
	script, _, code := command("", "completion", "bash")
	assert.Equal(t, term.ExitDone, code)
	for before, want := range map[string]string{
		"":                                  "needs the package bash-completion",
		"_get_comp_words_by_ref() { :; }\n": "",
	} {
		bash := exec.Command("bash", "--norc", "--noprofile")
		bash.Stdin = strings.NewReader(before + script)
		out, err := bash.CombinedOutput()
		require.NoError(t, err)
		assert.Contains(t, string(out), want)
		assert.Equal(t, want == "", len(out) == 0, "%s", out)
	}
}
