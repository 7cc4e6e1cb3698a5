package static

import (
	"fmt"

	"github.com/proxenos/proxenos/internal/nodelist"
)

// Error says where in a list something is wrong, and what. It is one line.
type Error struct {
	Source string // the name of the list, or the flag as it was typed
	Line   int    // from 1; 0 is not known
	Column int    // from 1, in characters; 0 is not known
	Err    error
}

// Error begins as compilers do: nodes.txt:3:7: what is wrong.
func (e *Error) Error() string { return (*nodelist.Error)(e).Error() }

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }

// DuplicateError rejects a node whose ID an earlier one has with other data. It
// is what an Error wraps.
type DuplicateError struct {
	ID     string
	Before string // where the earlier one is, as Error shows a place
}

// Error names the place of the earlier node.
func (e *DuplicateError) Error() string { return (*nodelist.DuplicateError)(e).Error() }

// exported converts an error of package nodelist to the types of this package.
func exported(err error) error {
	e, ok := err.(*nodelist.Error) //nolint:errorlint // nothing wraps it
	if !ok {
		return err
	}
	if d, ok := e.Err.(*nodelist.DuplicateError); ok { //nolint:errorlint // nothing wraps it
		e.Err = (*DuplicateError)(d)
	}
	return (*Error)(e)
}

// errorf returns an Error about the list of that name as a whole.
func errorf(name, format string, args ...any) error {
	return &Error{Source: name, Err: fmt.Errorf(format, args...)}
}
