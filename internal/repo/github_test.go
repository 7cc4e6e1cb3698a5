package repo

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// readYAML decodes a file of the repository.
func readYAML(t *testing.T, name string, to any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, to), name)
}

// TestDependabotKnowsEveryModule: a module that is not listed gets no updates.
func TestDependabotKnowsEveryModule(t *testing.T) {
	t.Parallel()
	var config struct {
		Updates []struct {
			Ecosystem   string `yaml:"package-ecosystem"`
			Directories []string
		}
	}
	readYAML(t, ".github/dependabot.yml", &config)
	var want []string
	for _, file := range trackedFiles(t) {
		if path.Base(file) == "go.mod" && readTracked(t, file) != nil {
			want = append(want, path.Join("/", path.Dir(file)))
		}
	}
	for _, u := range config.Updates {
		if u.Ecosystem == "gomod" {
			assert.ElementsMatch(t, want, u.Directories)
			return
		}
	}
	assert.Fail(t, "dependabot.yml has no gomod updates")
}

// TestWorkflowsRunWhatIsThere: a workflow has no steps of its own that could
// differ from what a developer runs, and no more rights than to read.
func TestWorkflowsRunWhatIsThere(t *testing.T) {
	t.Parallel()
	var ran []string
	for _, name := range []string{"test", "cross"} {
		var workflow struct {
			Permissions map[string]string
			Jobs        map[string]struct {
				Steps []struct{ Uses, Run string }
			}
		}
		readYAML(t, ".github/workflows/"+name+".yml", &workflow)
		assert.Equal(t, map[string]string{"contents": "read"}, workflow.Permissions, name)
		for _, job := range workflow.Jobs {
			for _, step := range job.Steps {
				if step.Uses != "" {
					assert.Regexp(t, `^actions/[a-z-]+@v[0-9]+$`, step.Uses)
				} else {
					ran = append(ran, step.Run)
				}
			}
		}
	}
	assert.Equal(t, []string{"bash .ci/run", "make cross"}, ran)
	_, err := run(root, "make", "--dry-run", "cross")
	require.NoError(t, err)
	_, err = run(root, "bash", "-n", ".ci/run")
	require.NoError(t, err)
}

// TestBugFormAsksForVersionAndChecksum: with them, most disagreements explain
// themselves.
func TestBugFormAsksForVersionAndChecksum(t *testing.T) {
	t.Parallel()
	var form struct {
		Body []struct {
			Type, ID   string
			Attributes struct{ Label, Description string }
		}
	}
	readYAML(t, ".github/ISSUE_TEMPLATE/bug.yml", &form)
	asked := map[string]string{}
	for _, field := range form.Body {
		assert.NotEmpty(t, field.Attributes.Label)
		asked[field.ID] = field.Attributes.Description
	}
	assert.Contains(t, asked["version"], "`proxenos version -o json`")
	assert.Contains(t, asked["checksum"], "`checksum`")
}

// sample is a repository with a check file whose second check can be made to
// fail.
func sample(t *testing.T, pin string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "proxenos.yaml"), []byte(`nodes: [a, b, c]
checks:
  - name: three nodes
    nodes: {min: 3}
  - name: sessions stay
    pins: {user:42: `+pin+`}
`), 0o644))
	return dir
}

// TestAction runs the steps of the action as a runner does: inputs in variables,
// each script by bash in the workspace. Only go install is replaced, by a copy of
// the program of this tree.
func TestAction(t *testing.T) {
	t.Parallel()
	var action struct {
		Inputs map[string]struct {
			Default  string
			Required bool
		}
		Runs struct {
			Using string
			Steps []struct {
				Shell, Run string
				Env        map[string]string
			}
		}
	}
	readYAML(t, ".github/actions/check/action.yml", &action)
	require.Equal(t, "composite", action.Runs.Using)
	require.Len(t, action.Runs.Steps, 2)
	program := buildCLI(t)
	input := regexp.MustCompile(`\$\{\{ inputs\.([a-z]+) \}\}`)

	for _, c := range []struct {
		name, pin string
		fails     bool
		output    string
	}{
		{"all checks pass", "b", false, "ok    sessions stay (1 pin)"},
		{"a check fails", "a", true, "::error file=proxenos.yaml,line=6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			workspace, temp, bin := sample(t, c.pin), t.TempDir(), t.TempDir()
			fake := `test "$*" = "install ` + module + `/cmd/proxenos@v9.9.9" && mkdir -p "$GOBIN" && cp "` + program + `" "$GOBIN/"`
			require.NoError(t, os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\n"+fake+"\n"), 0o755))
			summary := filepath.Join(temp, "summary.md")
			given := map[string]string{"version": "v9.9.9"}
			var output []byte
			var err error
			for _, step := range action.Runs.Steps {
				require.NoError(t, err)
				assert.Equal(t, "bash", step.Shell)
				assert.NotContains(t, step.Run, "${{", "an input in a script is code")
				cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.Run)
				cmd.Dir = workspace
				cmd.Env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"),
					"RUNNER_TEMP="+temp, "GITHUB_STEP_SUMMARY="+summary, "GITHUB_ACTIONS=true", "NO_COLOR=1")
				for name, value := range step.Env {
					cmd.Env = append(cmd.Env, name+"="+input.ReplaceAllStringFunc(value, func(match string) string {
						key := input.FindStringSubmatch(match)[1]
						in, known := action.Inputs[key]
						assert.True(t, known, "no input %q", key)
						assert.True(t, !in.Required || given[key] != "", "no value for %q", key)
						if given[key] != "" {
							return given[key]
						}
						return in.Default
					}))
				}
				output, err = cmd.CombinedOutput()
			}
			assert.Equal(t, c.fails, err != nil, "%s", output)
			assert.Contains(t, string(output), c.output)
			table, err := os.ReadFile(summary)
			require.NoError(t, err)
			assert.Contains(t, string(table), "sessions stay")
		})
	}
}

// TestPreCommitHook runs the hook as pre-commit does: the entry, then the staged
// files whose name matches.
func TestPreCommitHook(t *testing.T) {
	t.Parallel()
	var hooks []struct{ ID, Entry, Language, Files string }
	readYAML(t, ".pre-commit-hooks.yaml", &hooks)
	require.Len(t, hooks, 1)
	hook := hooks[0]
	assert.Equal(t, "golang", hook.Language)
	bin := filepath.Dir(buildCLI(t))
	for pin, fails := range map[string]bool{"b": false, "a": true} {
		dir := sample(t, pin)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.yaml"), []byte("x: 1\n"), 0o644))
		_, err := run(dir, "sh", "-c", "git init --quiet && git add .")
		require.NoError(t, err)
		staged, err := run(dir, "git", "diff", "--cached", "--name-only")
		require.NoError(t, err)
		args := strings.Fields(hook.Entry)
		for name := range strings.FieldsSeq(string(staged)) {
			if regexp.MustCompile(hook.Files).MatchString(name) {
				args = append(args, name)
			}
		}
		require.Equal(t, "proxenos.yaml", args[len(args)-1])
		_, err = run(dir, filepath.Join(bin, args[0]), args[1:]...)
		assert.Equal(t, fails, err != nil, "pin on %s: %v", pin, err)
	}
}

// buildCLI builds the program and returns its path.
func buildCLI(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "proxenos")
	_, err := run(root, "go", "build", "-buildvcs=false", "-o", file, "./cmd/proxenos")
	require.NoError(t, err)
	return file
}
