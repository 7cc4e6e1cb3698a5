//go:build !linux

package consultest

import "os/exec"

// dieWithParent does nothing where there is no such promise: a test that
// fails still ends its agents, one that is killed does not.
func dieWithParent(*exec.Cmd) {}

// suspended cannot be told here.
func suspended(int) bool { return true }
