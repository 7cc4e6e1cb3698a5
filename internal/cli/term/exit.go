package term

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
)

// Exit codes. They are part of the contract with scripts and never change.
const (
	ExitDone        = 0   // done
	ExitCheck       = 1   // the command worked, and what it checked is not so
	ExitUsage       = 2   // the command line or the environment is wrong
	ExitUnreachable = 64  // the source of nodes could not be asked
	ExitNoNodes     = 65  // there is no node to choose
	ExitStale       = 66  // the nodes known are too old to use
	ExitIO          = 74  // reading the keys or writing the answers failed
	ExitPermission  = 77  // a file or a token does not permit it
	ExitConfig      = 78  // what a file or a source says cannot be used
	ExitInterrupted = 130 // interrupted
)

// ExitCode is the one place where errors become exit codes.
func ExitCode(err error) int {
	var interrupted InterruptError
	switch {
	case err == nil, isReaderGone(err):
		return ExitDone
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

// isReaderGone reports whether whoever reads our output has stopped. A server
// that closes its connection breaks a pipe too, and that is an error.
func isReaderGone(err error) bool {
	var connection *net.OpError
	return errors.Is(err, syscall.EPIPE) && !errors.As(err, &connection)
}

// Errors that decide an exit code and say nothing by themselves; see as.
var (
	ErrCheck       = errors.New("a check failed")
	ErrNoNodes     = errors.New("nobody to choose")
	ErrUnreachable = errors.New("the source could not be asked")
	ErrStale       = errors.New("too old")
	ErrPermission  = errors.New("not permitted")
	ErrIO          = errors.New("input or output failed")
)

// codedError is an error with the class that decides its exit code.
type codedError struct {
	code error
	err  error
}

func (e *codedError) Error() string   { return e.err.Error() }
func (e *codedError) Unwrap() []error { return []error{e.err, e.code} }

// WithCode classes err as one of the errors above.
func WithCode(kind, err error) error {
	if err == nil {
		return nil
	}
	return &codedError{kind, err}
}

// usageError says that a command line or the environment cannot be obeyed.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// AsUsage classes err as a usage error.
func AsUsage(err error) error { return &usageError{err} }

// Usagef makes a usage error.
func Usagef(format string, args ...any) error { return AsUsage(fmt.Errorf(format, args...)) }

// IsUsage reports whether err is a usage error.
func IsUsage(err error) bool {
	var usage *usageError
	return errors.As(err, &usage)
}
