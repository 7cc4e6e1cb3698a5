package term

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// InterruptError is the cause of a context that a signal canceled.
type InterruptError struct{ signal os.Signal }

func (e InterruptError) Error() string { return "interrupted by signal: " + e.signal.String() }

// WithSignals returns a context that SIGINT or SIGTERM cancels with an
// [InterruptError] as its cause. A second signal kills the process as usual.
//
// SIGPIPE is caught so that a write to a closed pipe returns an error. It is not
// ignored, because child processes would inherit that.
func WithSignals(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	stopping := make(chan os.Signal, 1)
	broken := make(chan os.Signal, 1)
	signal.Notify(stopping, os.Interrupt, syscall.SIGTERM)
	signal.Notify(broken, syscall.SIGPIPE)
	go func() {
		select {
		case s := <-stopping:
			signal.Stop(stopping)
			cancel(InterruptError{s})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(stopping)
		signal.Stop(broken)
		cancel(nil)
	}
}
