package vectors

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// required lists the header keys that every file has, besides columns.
var required = []string{"system", "algorithm", "source", "scenario"}

// File is one scenario. It is read-only. Its methods fail the test that opened
// it if the file lacks the requested value.
type File struct {
	Path    string   // from the root of the repository, with forward slashes
	Columns []string // the names of a row's fields
	Rows    []Row    // at least one

	tb     testing.TB
	header []field
}

// field is one line of a header.
type field struct{ key, value string }

// Lookup returns the value of the first header line with the key, if any.
func (f *File) Lookup(key string) (value string, ok bool) {
	i := slices.IndexFunc(f.header, func(h field) bool { return h.key == key })
	if i < 0 {
		return "", false
	}
	return f.header[i].value, true
}

// Header returns the value of the header line with the key, which must occur.
func (f *File) Header(key string) string {
	f.tb.Helper()
	value, ok := f.Lookup(key)
	if !ok {
		f.tb.Fatalf("%s: no header line %q", f.Path, key)
	}
	return value
}

// All returns the values of every header line with the key, in order.
func (f *File) All(key string) []string {
	var values []string
	for _, h := range f.header {
		if h.key == key {
			values = append(values, h.value)
		}
	}
	return values
}

// Fields is like [File.All] with each value split into fields. It fails the test
// if there is no value or if a value does not have n fields; n < 0 accepts any
// number.
func (f *File) Fields(key string, n int) [][]string {
	f.tb.Helper()
	var all [][]string
	for _, value := range f.All(key) {
		fields := strings.Fields(value)
		if n >= 0 && len(fields) != n {
			f.tb.Fatalf("%s: header line %q: got %d fields in %q, want %d", f.Path, key, len(fields), value, n)
		}
		all = append(all, fields)
	}
	if all == nil {
		f.tb.Fatalf("%s: no header line %q", f.Path, key)
	}
	return all
}

// parse parses the text of a file.
func parse(path, text string) (*File, error) {
	f := &File{Path: path}
	line, number, inHeader := "", 0, true
	for text != "" {
		line, text, _ = strings.Cut(text, "\n")
		number++
		var err error
		switch {
		case !inHeader:
			err = f.addRow(line, number)
		case line == "":
			inHeader, err = false, f.checkHeader()
		default:
			err = f.addHeader(line)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, number, err)
		}
	}
	if len(f.Rows) == 0 {
		return nil, fmt.Errorf("%s: no rows after the header", path)
	}
	return f, nil
}

func (f *File) addHeader(line string) error {
	if strings.HasPrefix(line, "#") {
		return nil
	}
	key, value, ok := strings.Cut(line, ":")
	if !ok || key == "" {
		return fmt.Errorf("want a header line like %q, got %q", "key: value", line)
	}
	f.header = append(f.header, field{key, strings.TrimSpace(value)})
	return nil
}

// checkHeader validates the header at the empty line that ends it.
func (f *File) checkHeader() error {
	for _, key := range required {
		if value, _ := f.Lookup(key); value == "" {
			return fmt.Errorf("the header lacks %q", key)
		}
	}
	columns, _ := f.Lookup("columns")
	if f.Columns = strings.Fields(columns); len(f.Columns) == 0 {
		return fmt.Errorf("the header lacks %q", "columns")
	}
	return nil
}

func (f *File) addRow(line string, number int) error {
	texts := strings.Split(line, "\t")
	if len(texts) != len(f.Columns) {
		return fmt.Errorf("got %d fields, want %d: %v", len(texts), len(f.Columns), f.Columns)
	}
	row := Row{file: f, line: number, cells: make([]cell, len(texts))}
	for i, text := range texts {
		var err error
		if row.cells[i], err = parseCell(text); err != nil {
			return fmt.Errorf("column %q: %w", f.Columns[i], err)
		}
	}
	f.Rows = append(f.Rows, row)
	return nil
}

func parseCell(text string) (cell, error) {
	switch {
	case text == "":
		return cell{}, errors.New(`empty field: write "" for no text and - for no value`)
	case text == "-":
		return cell{none: true}, nil
	case text[0] != '"':
		return cell{text: text}, nil
	}
	var c cell
	if err := json.Unmarshal([]byte(text), &c.text); err != nil {
		return cell{}, fmt.Errorf("%s is not a JSON string: %w", text, err)
	}
	return c, nil
}
