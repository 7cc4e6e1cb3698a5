//go:build !linux

package servertest

import "os/exec"

// dieWithParent does nothing. A failing test still ends its agents; a test
// process that is killed does not.
func dieWithParent(*exec.Cmd) {}

// suspended returns true, because the state of threads is not available.
func suspended(int) bool { return true }
