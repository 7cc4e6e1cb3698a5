//go:build unix

package filesync

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

// trusted refuses a hook that another user could have written.
func trusted(info fs.FileInfo) error {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 && int(stat.Uid) != os.Geteuid() {
		return fmt.Errorf("refusing to run %s, which belongs to user %d", hookName, stat.Uid)
	}
	if info.Mode()&0o022 != 0 {
		return fmt.Errorf("refusing to run %s, which other users can write (mode %v)", hookName, info.Mode())
	}
	if info.Mode()&0o100 == 0 {
		return fmt.Errorf("%s is not executable (mode %v)", hookName, info.Mode())
	}
	return nil
}

// withGroup gives the hook a process group, so that a kill reaches its children.
func withGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
