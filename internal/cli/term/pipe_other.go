//go:build !windows

package term

import "syscall"

// brokenPipe is the error of a write to a pipe without a reader.
const brokenPipe = syscall.EPIPE
