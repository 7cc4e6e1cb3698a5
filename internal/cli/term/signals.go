package term

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// InterruptError ends a command because a signal asked for it.
type InterruptError struct{ signal os.Signal }

func (e InterruptError) Error() string { return "interrupted by signal: " + e.signal.String() }

// WithSignals returns a context that ends with an interruptError when the
// process is asked to stop. A second signal kills the process as usual.
//
// SIGPIPE is caught, so that writing to a closed pipe is an error like any
// other, and not ignored, as programs we start would inherit that.
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
