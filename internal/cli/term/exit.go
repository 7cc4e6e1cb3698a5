package term

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
)

// Exit codes. Scripts rely on them, so they never change.
const (
	ExitDone        = 0   // done
	ExitCheck       = 1   // a check failed
	ExitUsage       = 2   // the command line or the environment is invalid
	ExitUnreachable = 64  // the source of nodes cannot be reached
	ExitNoNodes     = 65  // there are no nodes to choose from
	ExitStale       = 66  // the known nodes are too old to use
	ExitIO          = 74  // reading input or writing output failed
	ExitPermission  = 77  // a file or a token lacks permission
	ExitConfig      = 78  // a file or an answer of a source is invalid
	ExitInterrupted = 130 // interrupted by SIGINT
	ExitTerminated  = 143 // terminated by SIGTERM
)

// ExitCode maps an error to the exit code of the process.
func ExitCode(err error) int {
	var interrupted InterruptError
	switch {
	case err == nil, isBrokenPipe(err):
		return ExitDone
	case errors.As(err, &interrupted) && interrupted.signal == syscall.SIGTERM:
		return ExitTerminated
	case errors.As(err, &interrupted), errors.Is(err, context.Canceled):
		return ExitInterrupted
	case errors.Is(err, ErrStale):
		return ExitStale
	case errors.Is(err, fs.ErrPermission), errors.Is(err, ErrPermission):
		return ExitPermission
	case IsUsage(err):
		return ExitUsage
	case errors.Is(err, ErrCheck):
		return ExitCheck
	case errors.Is(err, ErrNoNodes):
		return ExitNoNodes
	case errors.Is(err, ErrUnreachable), errors.Is(err, context.DeadlineExceeded):
		return ExitUnreachable
	case errors.Is(err, ErrIO):
		return ExitIO
	default:
		return ExitConfig
	}
}

// isBrokenPipe reports whether the reader of standard output closed it. The same
// error on a network connection is an error, not the end of output.
func isBrokenPipe(err error) bool {
	var connection *net.OpError
	return errors.Is(err, brokenPipe) && !errors.As(err, &connection)
}

// Errors that select an exit code. [WithCode] attaches one to an error without
// changing its text.
var (
	ErrCheck       = errors.New("a check failed")
	ErrNoNodes     = errors.New("no nodes to choose from")
	ErrUnreachable = errors.New("the source is unreachable")
	ErrStale       = errors.New("the nodes are too old")
	ErrPermission  = errors.New("permission denied")
	ErrIO          = errors.New("input or output failed")
)

// codedError is an error with the one that selects its exit code.
type codedError struct {
	code error
	err  error
}

func (e *codedError) Error() string   { return e.err.Error() }
func (e *codedError) Unwrap() []error { return []error{e.err, e.code} }

// WithCode attaches code, one of the errors above, to err. A nil err stays nil.
func WithCode(code, err error) error {
	if err == nil {
		return nil
	}
	return &codedError{code, err}
}

// usageError is an error of the command line or the environment.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// AsUsage marks err as a usage error.
func AsUsage(err error) error { return &usageError{err} }

// Usagef formats a usage error.
func Usagef(format string, args ...any) error { return AsUsage(fmt.Errorf(format, args...)) }

// IsUsage reports whether err is a usage error, marked by [AsUsage] or made by
// [Usagef].
func IsUsage(err error) bool {
	var usage *usageError
	return errors.As(err, &usage)
}
