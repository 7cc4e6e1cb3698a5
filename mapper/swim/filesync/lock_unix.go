//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package filesync

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// lock locks the directory itself, so that no lock file can be left behind. On a
// file system without locks it locks nothing.
func lock(root *os.Root) (io.Closer, error) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(ErrInUse, dir.Close())
	}
	return dir, nil
}
