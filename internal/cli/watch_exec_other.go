//go:build !unix

package cli

import "os/exec"

// endTogether does nothing where there are no groups of processes: what a
// program started goes on when it is killed.
func endTogether(*exec.Cmd) (kill func()) { return func() {} }
