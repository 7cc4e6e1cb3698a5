//go:build unix

package nonblock

import "syscall"

// Flag is O_NONBLOCK, for os.OpenFile.
const Flag = syscall.O_NONBLOCK
