//go:build unix

package command

import (
	"os/signal"
	"syscall"
)

// ignoreFileSizeSignal makes exceeding a file size limit a write error, not a
// reason to exit.
func ignoreFileSizeSignal() { signal.Ignore(syscall.SIGXFSZ) }
