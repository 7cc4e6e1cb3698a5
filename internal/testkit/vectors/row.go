package vectors

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Row is one line of a file. Its methods fail the test with the file and the
// line if the column does not exist or has a value of another type.
type Row struct {
	file  *File
	line  int
	cells []cell
}

// cell is one field of a row.
type cell struct {
	text string
	none bool
}

// String returns the position of the row as file:line, for messages of
// assertions.
func (r Row) String() string { return fmt.Sprintf("%s:%d", r.file.Path, r.line) }

// None reports whether the column has no value in this row.
func (r Row) None(column string) bool {
	r.file.tb.Helper()
	return r.cell(column).none
}

// Text returns the value of the column.
func (r Row) Text(column string) string {
	r.file.tb.Helper()
	c := r.cell(column)
	if c.none {
		r.fail(column, "got no value, want one")
	}
	return c.text
}

// Int returns the value of the column as a decimal integer.
func (r Row) Int(column string) int {
	r.file.tb.Helper()
	return r.toInt(column, r.Text(column))
}

// Ints returns the value of the column as a list of decimal integers.
func (r Row) Ints(column string) []int {
	r.file.tb.Helper()
	texts := strings.Fields(r.Text(column))
	values := make([]int, len(texts))
	for i, text := range texts {
		values[i] = r.toInt(column, text)
	}
	return values
}

// Uint64 returns the value of the column as a decimal integer.
func (r Row) Uint64(column string) uint64 {
	r.file.tb.Helper()
	text := r.Text(column)
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		r.fail(column, "got %q, want a number from 0 to 2^64-1", text)
	}
	return value
}

// Big returns the value of the column as a decimal integer of any size.
func (r Row) Big(column string) *big.Int {
	r.file.tb.Helper()
	text := r.Text(column)
	value, ok := new(big.Int).SetString(text, 10)
	if !ok {
		r.fail(column, "got %q, want an integer", text)
	}
	return value
}

// Hex returns the value of the column decoded from hexadecimal.
func (r Row) Hex(column string) []byte {
	r.file.tb.Helper()
	value, err := hex.DecodeString(r.Text(column))
	if err != nil {
		r.fail(column, "want bytes in hexadecimal: %v", err)
	}
	return value
}

func (r Row) toInt(column, text string) int {
	r.file.tb.Helper()
	value, err := strconv.Atoi(text)
	if err != nil {
		r.fail(column, "got %q, want an integer", text)
	}
	return value
}

func (r Row) cell(column string) cell {
	r.file.tb.Helper()
	i := slices.Index(r.file.Columns, column)
	if i < 0 {
		r.file.tb.Fatalf("%s: no column %q among %v", r, column, r.file.Columns)
	}
	return r.cells[i]
}

func (r Row) fail(column, format string, args ...any) {
	r.file.tb.Helper()
	r.file.tb.Fatalf("%s: column %q: %s", r, column, fmt.Sprintf(format, args...))
}
