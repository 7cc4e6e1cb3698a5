//go:build unix

// Package fifo makes named pipes for tests, and detects code that waits for the
// other end of one.
package fifo

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// patience is how long code may take before it is taken to wait.
var patience = 10 * time.Second

// Make returns the path of a named pipe, which has neither a reader nor a writer.
func Make(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// NotWaiting returns the error of f. If f waits for the other end of the pipe at
// path, NotWaiting fails the test and opens that end for a moment, so that f returns.
func NotWaiting(t testing.TB, path string, f func() error) error {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- f() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(patience):
	}
	t.Errorf("waits for the other end of the pipe %s", path)
	pipe, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_ = pipe.Close() // so that a reader sees the end; what waited to open is awake
	return <-ended
}
