//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package filesync

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// lock takes the directory itself, without a file that could be left behind.
// A file system that knows no locks is used without.
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
