package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

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

// hintError is an error with advice on what to do about it.
type hintError struct {
	error
	hint string
}

func (e *hintError) Unwrap() error { return e.error }

// withHint adds advice to an error.
func withHint(err error, format string, args ...any) error {
	return &hintError{err, fmt.Sprintf(format, args...)}
}

// hintOf returns the advice for an error, if it has any.
func hintOf(err error) string {
	var hinted *hintError
	if errors.As(err, &hinted) {
		return hinted.hint
	}
	return ""
}

// listError is an error with a list of what could have been typed, which is too
// long for the line that says what is wrong.
type listError struct {
	error
	label string
	items []string
}

func (e *listError) Unwrap() error { return e.error }

// withList adds a list to an error.
func withList(err error, label string, items []string) error {
	return &listError{err, label, items}
}

// listWidth is the width of a terminal that nobody has changed.
const listWidth = 80

// lines are the list in lines below one another, the first after the label.
func (e *listError) lines() []string {
	var lines []string
	line := ""
	for i, item := range e.items {
		if i < len(e.items)-1 {
			item += ","
		}
		switch {
		case line == "":
			line = item
		case len(e.label)+1+len(line)+1+len(item) > listWidth:
			lines, line = append(lines, line), item
		default:
			line += " " + item
		}
	}
	return append(lines, line)
}

// referTo gives a refusal without advice a place to read on: the help of the
// command that refused.
func referTo(c *cobra.Command, err error) error {
	var usage *usageError
	if errors.As(err, &usage) && hintOf(err) == "" {
		return withHint(err, "see %s --help", c.CommandPath())
	}
	return err
}

// unknownChoice refuses a value that is none of the choices.
func unknownChoice(what, typed string, choices []string) error {
	err := usagef("unknown %s %q: choose from %s", what, typed, strings.Join(choices, ", "))
	if near := nearest(typed, choices); near != "" {
		return withHint(err, "did you mean %q?", near)
	}
	return err
}

// nearest returns the choice that typed was probably meant to be, or nothing.
// Cobra knows how to guess the names of commands, so the choices become some.
func nearest(typed string, choices []string) string {
	guesser := &cobra.Command{SuggestionsMinimumDistance: 2}
	for _, c := range choices {
		guesser.AddCommand(&cobra.Command{Use: c, Run: func(*cobra.Command, []string) {}})
	}
	if near := guesser.SuggestionsFor(typed); typed != "" && len(near) > 0 {
		return near[0]
	}
	return ""
}
