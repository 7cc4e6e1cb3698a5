package mappertest

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

const (
	times = 100
	spare = 20 // goroutines or files that a source may open by itself meanwhile
)

// followAndClose follows the source and stops, again and again.
func followAndClose(t testing.TB, s Source) {
	s.publish(t, unsorted())
	leavesNothing(t, func() { followOnce(t, s) })
}

// leavesNothing does something many times. A leak of each time, a goroutine
// or an open file, adds up.
func leavesNothing(t testing.TB, do func()) {
	t.Helper()
	do() // what a source opens only once
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	for range times {
		do()
	}
	for end := time.Now().Add(promptly); runtime.NumGoroutine() > goroutines+spare || openFiles(t) > files+spare; {
		if time.Now().After(end) {
			require.LessOrEqual(t, runtime.NumGoroutine(), goroutines+spare, "goroutines are left")
			require.LessOrEqual(t, openFiles(t), files+spare, "files are left open")
		}
		time.Sleep(10 * time.Millisecond) // goroutines may take a moment to end
	}
}

func followOnce(t testing.TB, s Source) {
	t.Helper()
	view, err := mapper.Follow(t.Context(), s.Mapper, func(nodes []mapper.Node) (int, error) { return len(nodes), nil })
	require.NoError(t, err)
	require.NotZero(t, view.Value())
	view.Close()
}

// openFiles counts descriptors, where the system lists them.
func openFiles(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if os.IsNotExist(err) {
		return 0
	}
	require.NoError(t, err)
	return len(entries)
}
