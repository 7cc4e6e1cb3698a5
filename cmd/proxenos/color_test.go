//go:build unix

package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
)

// onTerminal returns what the program writes to a terminal.
func onTerminal(t *testing.T, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Args = append([]string{"proxenos"}, args...)
	cmd.Env = append(append(os.Environ(), "TERM=xterm", "NO_COLOR=", "FORCE_COLOR=", "CLICOLOR_FORCE=", "CLICOLOR="), env...)
	tty, err := pty.Start(cmd)
	require.NoError(t, err)
	defer tty.Close()
	written, _ := io.ReadAll(tty) // ends in EIO when the program does
	_ = cmd.Wait()
	return string(written)
}

// The results of checks have colors on a terminal, and those of TestScripts, which
// go to a pipe, have none.
func TestCheckColorsResults(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "proxenos.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`nodes: [a]
checks:
  - {name: one, nodes: {min: 1}}
  - {name: two, nodes: {min: 2}}
  - {name: three, nodes: {min: 2}, severity: warn}
`), 0o600))
	const ok, failed, warned = "\x1b[32mok  \x1b[0m  one", "\x1b[1;31mFAIL\x1b[0m  two", "\x1b[33mwarn\x1b[0m  three"
	for _, c := range []struct {
		name    string
		env     []string
		args    []string
		colored bool
	}{
		{"a terminal", nil, nil, true},
		{"NO_COLOR", []string{"NO_COLOR=1"}, nil, false},
		{"a dumb terminal", []string{"TERM=dumb"}, nil, false},
		{"CLICOLOR=0", []string{"CLICOLOR=0"}, nil, false},
		{"--color never", nil, []string{"--color", "never"}, false},
		{"--color always outranks NO_COLOR", []string{"NO_COLOR=1"}, []string{"--color", "always"}, true},
		{"FORCE_COLOR on a dumb terminal", []string{"TERM=dumb", "FORCE_COLOR=1"}, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := onTerminal(t, c.env, append([]string{"check", file}, c.args...)...)
			if c.colored {
				require.Contains(t, got, ok)
				require.Contains(t, got, failed)
				require.Contains(t, got, warned)
				return
			}
			require.NotContains(t, got, "\x1b")
			require.Contains(t, got, "ok    one (1 node)")
			require.Contains(t, got, "FAIL  two")
		})
	}
}
