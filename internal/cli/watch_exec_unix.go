//go:build unix

package cli

import (
	"os/exec"
	"syscall"
)

// endTogether makes a program and what it starts a group, which is asked to
// end when the program has to. Kill ends what is left of it.
func endTogether(cmd *exec.Cmd) (kill func()) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	return func() {
		if cmd.Process != nil {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // nobody may be left
		}
	}
}
