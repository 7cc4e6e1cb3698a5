package static

import (
	"fmt"
	"strconv"
)

// Error says where in a list something is wrong, and what. It is one line.
type Error struct {
	Source string // the name of the list, or the flag as it was typed
	Line   int    // from 1; 0 is not known
	Column int    // from 1, in characters; 0 is not known
	Err    error
}

// Error begins as compilers do: nodes.txt:3:7: what is wrong.
func (e *Error) Error() string {
	return place{e.Source, e.Line, e.Column}.String() + ": " + e.Err.Error()
}

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }

// DuplicateError refuses a node whose ID an earlier one has with other data. It
// is what an Error wraps.
type DuplicateError struct {
	ID     string
	Before string // where the earlier one is, as Error shows a place
}

// Error names the place of the earlier node.
func (e *DuplicateError) Error() string {
	return fmt.Sprintf("node %s was given before with other data (%s): remove one, or make them the same", quote(e.ID), e.Before)
}

// quote quotes what was typed, and cuts what is too long for a line.
func quote(s string) string {
	const enough = 80
	if len(s) <= enough {
		return strconv.Quote(s)
	}
	return fmt.Sprintf("%q... (%d bytes)", s[:enough], len(s))
}
