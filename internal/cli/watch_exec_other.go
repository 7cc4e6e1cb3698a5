//go:build !unix

package cli

import "os/exec"

// endTogether does nothing on systems without process groups. Child processes
// outlive a killed program there.
func endTogether(*exec.Cmd) (kill func()) { return func() {} }
