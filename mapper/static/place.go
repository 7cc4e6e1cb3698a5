package static

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// place is somewhere in a list.
type place struct {
	source       string
	line, column int // from 1; 0 is not known
}

func (p place) String() string {
	var b strings.Builder
	b.WriteString(p.source)
	for _, n := range []int{p.line, p.column} {
		if n == 0 {
			break
		}
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// errorf makes the error of a place.
func (p place) errorf(format string, args ...any) error {
	return p.wrap(fmt.Errorf(format, args...))
}

// wrap adds the place to an error.
func (p place) wrap(err error) error {
	return &Error{p.source, p.line, p.column, err}
}

// cursor finds the places of rising offsets in one pass over the list, however
// long its lines are.
type cursor struct {
	data   []byte
	offset int
	at     place
}

func newCursor(data []byte, name string) *cursor {
	return &cursor{data: data, at: place{name, 1, 1}}
}

// to returns the place of an offset that is not before the last one.
func (c *cursor) to(offset int) place {
	offset = min(max(offset, c.offset), len(c.data))
	passed := c.data[c.offset:offset]
	if n := bytes.Count(passed, []byte("\n")); n > 0 {
		c.at.line += n
		c.at.column = 1
		passed = passed[bytes.LastIndexByte(passed, '\n')+1:]
	}
	c.at.column += utf8.RuneCount(passed)
	c.offset = offset
	return c.at
}

// checkBytes refuses what is no text.
func checkBytes(data []byte, name string) error {
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		return place{name, 1, 1}.errorf("the list is UTF-16: save it as UTF-8")
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return newCursor(data, name).to(i).errorf("the byte 0x%02x is not valid UTF-8", data[i])
		case r == '\r' && i+1 < len(data) && data[i+1] == '\n':
		case unicode.IsControl(r) && r != '\n' && r != '\t':
			return newCursor(data, name).to(i).errorf("control character %U: a list is text", r)
		}
		i += size
	}
	return nil
}
