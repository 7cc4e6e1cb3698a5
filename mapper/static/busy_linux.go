package static

import (
	"os"
	"syscall"
)

// setLease is F_SETLEASE of fcntl(2).
const setLease = 1024

// beingWritten reports whether a program has a regular file open for writing. The
// kernel grants a read lease only if none has, and only to the owner of the file:
// otherwise the answer is no.
func beingWritten(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // it was only read
	conn, err := f.SyscallConn()
	if err != nil {
		return false
	}
	busy := false
	_ = conn.Control(func(fd uintptr) {
		_, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, setLease, syscall.F_RDLCK)
		busy = errno == syscall.EAGAIN
		if errno == 0 {
			_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, setLease, syscall.F_UNLCK)
		}
	})
	return busy
}
