//go:build unix

package cli

import (
	"os/exec"
	"syscall"
)

// endTogether runs a program in a process group of its own, which gets SIGTERM
// when the context of cmd ends. kill ends the rest of the group.
func endTogether(cmd *exec.Cmd) (kill func()) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	return func() {
		if cmd.Process != nil {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // none may be left
		}
	}
}
