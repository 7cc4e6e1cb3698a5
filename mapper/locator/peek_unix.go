//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package locator

import (
	"errors"
	"syscall"
)

// peek returns how many bytes can be read from a socket without blocking, at most one,
// and whether the peer has closed it.
func peek(fd uintptr) (pending int, closed bool) {
	var buffer [1]byte
	n, _, err := syscall.Recvfrom(int(fd), buffer[:], syscall.MSG_PEEK)
	switch {
	case err == nil:
		return n, n == 0
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		return 0, false
	default:
		return 0, true
	}
}
