package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"

	"github.com/proxenos/proxenos/mapper"
)

// Exit codes. They are part of the contract with scripts and never change.
const (
	exitDone        = 0   // done
	exitCheck       = 1   // the command worked, and what it checked is not so
	exitUsage       = 2   // the command line or the environment is wrong
	exitUnreachable = 64  // the source of nodes could not be asked
	exitNobody      = 65  // there is no node to choose
	exitStale       = 66  // the nodes known are too old to use
	exitIO          = 74  // reading the keys or writing the answers failed
	exitPermission  = 77  // a file or a token does not permit it
	exitConfig      = 78  // what a file or a source says cannot be used
	exitInterrupted = 130 // interrupted
)

// exitCode is the one place where errors become exit codes.
func exitCode(err error) int {
	var usage *usageError
	var interrupted interruptError
	var stale *mapper.StaleError
	switch {
	case err == nil, isReaderGone(err):
		return exitDone
	case errors.As(err, &interrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &stale):
		return exitStale
	case errors.Is(err, fs.ErrPermission), errors.Is(err, errPermission):
		return exitPermission
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, errCheck):
		return exitCheck
	case errors.Is(err, errNobody):
		return exitNobody
	case errors.Is(err, errUnreachable), errors.Is(err, context.DeadlineExceeded):
		return exitUnreachable
	case errors.Is(err, errIO):
		return exitIO
	default:
		return exitConfig
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
	errCheck       = errors.New("a check failed")
	errNobody      = errors.New("nobody to choose")
	errUnreachable = errors.New("the source could not be asked")
	errPermission  = errors.New("not permitted")
	errIO          = errors.New("input or output failed")
)

// kindError is an error with the class that decides its exit code.
type kindError struct {
	kind error
	err  error
}

func (e *kindError) Error() string   { return e.err.Error() }
func (e *kindError) Unwrap() []error { return []error{e.err, e.kind} }

// as classes err as one of the errors above.
func as(kind, err error) error {
	if err == nil {
		return nil
	}
	return &kindError{kind, err}
}

// usageError says that a command line or the environment cannot be obeyed.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}
