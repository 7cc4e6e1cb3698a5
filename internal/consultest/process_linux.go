package consultest

import (
	"os/exec"
	"syscall"
)

// dieWithParent makes the kernel kill the command when its parent is gone.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
