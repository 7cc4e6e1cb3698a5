// Package leaktest fails a test binary that leaves goroutines or files open.
package leaktest

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long goroutines may take to end after the last test.
const patience = time.Minute

// Main runs the tests and exits the process, like goleak.VerifyTestMain. It waits
// up to a minute for goroutines that end some time after their owner was closed,
// such as the last probes of memberlist.
func Main(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if err := await(patience); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// await returns nil once no goroutine is left, or an error that lists the
// goroutines that are left after the timeout.
func await(timeout time.Duration) (err error) {
	for end := time.Now().Add(timeout); ; {
		if err = goleak.Find(); err == nil || time.Now().After(end) {
			return err
		}
	}
}

// OpenFiles returns the number of files and sockets that the process has open.
// It skips the test where the system does not list them in /proc.
func OpenFiles(tb testing.TB) int {
	tb.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		tb.Skipf("the number of open files is unknown: %v", err)
	}
	return len(files)
}
