//go:build unix

package retry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Pauses depend on what failed.
func TestPauses(t *testing.T) {
	t.Parallel()
	refused := fmt.Errorf("dial: %w", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})
	hanging := fmt.Errorf("no answer: %w", context.DeadlineExceeded)
	other := errors.New("status 500")
	longest := func(b *Pauses, err error) (pause time.Duration) {
		for range 100 {
			pause = max(pause, b.After(err))
		}
		return pause
	}
	var b Pauses
	require.InDelta(t, 500*time.Millisecond, longest(&b, refused), float64(100*time.Millisecond), "a refused connection costs the server nothing")
	require.LessOrEqual(t, b.After(other), 100*time.Millisecond, "the pauses restart when the failure changes")
	require.InDelta(t, 10*time.Second, longest(&b, other), float64(time.Second))
	require.InDelta(t, time.Second, longest(&b, hanging), float64(200*time.Millisecond), "the try was a pause already")
	b.Reset()
	require.LessOrEqual(t, b.After(hanging), 100*time.Millisecond)

	seen := map[time.Duration]bool{}
	for range 100 {
		b.Reset()
		seen[b.After(other)] = true
	}
	require.Greater(t, len(seen), 50, "clients do not return at once")
}
