package nodelist

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Place is a place in a list, for errors.
type Place struct {
	Source       string // the name of the list
	Line, Column int    // from 1; 0 is not known
}

// String returns the place as compilers write it: nodes.txt:3:7.
func (p Place) String() string {
	var b strings.Builder
	b.WriteString(p.Source)
	for _, n := range []int{p.Line, p.Column} {
		if n == 0 {
			break
		}
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// Errorf returns an error at the place.
func (p Place) Errorf(format string, args ...any) error {
	return p.Wrap(fmt.Errorf(format, args...))
}

// Wrap adds the place to an error.
func (p Place) Wrap(err error) error { return &Error{p.Source, p.Line, p.Column, err} }

// Error says where in a list something is wrong, and what.
type Error struct {
	Source string
	Line   int
	Column int
	Err    error
}

// Error returns one line.
func (e *Error) Error() string {
	return Place{e.Source, e.Line, e.Column}.String() + ": " + e.Err.Error()
}

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }

// DuplicateError rejects a node whose ID an earlier one has with other data.
type DuplicateError struct {
	ID     string
	Before string // where the earlier one is
}

// Error names the place of the earlier node.
func (e *DuplicateError) Error() string {
	return fmt.Sprintf("node %s was given before with other data (%s): remove one, or make them the same", Quote(e.ID), e.Before)
}

// Quote quotes what was typed, and cuts what is too long for a line.
func Quote(s string) string {
	const enough = 80
	if len(s) <= enough {
		return strconv.Quote(s)
	}
	return fmt.Sprintf("%q... (%d bytes)", s[:enough], len(s))
}

// cursor finds the places of rising offsets in one pass over the list, however
// long its lines are.
type cursor struct {
	data   []byte
	offset int
	at     Place
}

func newCursor(data []byte, name string) *cursor {
	return &cursor{data: data, at: Place{name, 1, 1}}
}

// to returns the place of an offset that is not before the last one.
func (c *cursor) to(offset int) Place {
	offset = min(max(offset, c.offset), len(c.data))
	passed := c.data[c.offset:offset]
	if n := bytes.Count(passed, []byte("\n")); n > 0 {
		c.at.Line += n
		c.at.Column = 1
		passed = passed[bytes.LastIndexByte(passed, '\n')+1:]
	}
	c.at.Column += utf8.RuneCount(passed)
	c.offset = offset
	return c.at
}

// CheckBytes rejects data that is not text in UTF-8.
func CheckBytes(data []byte, name string) error {
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		return Place{name, 1, 1}.Errorf("the list is UTF-16: save it as UTF-8")
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return newCursor(data, name).to(i).Errorf("the byte 0x%02x is not valid UTF-8", data[i])
		case r == '\r' && i+1 < len(data) && data[i+1] == '\n':
		case unicode.IsControl(r) && r != '\n' && r != '\t':
			return newCursor(data, name).to(i).Errorf("control character %U: a list is text", r)
		}
		i += size
	}
	return nil
}
