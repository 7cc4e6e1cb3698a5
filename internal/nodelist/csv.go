package nodelist

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// columns maps the names of CSV columns to options.
var columns = map[string]string{
	"id": "id", "address": "addr", "addr": "addr", "weight": "w", "w": "w",
	"zone": "zone", "domain": "domain", "tags": "tags", "drain": "drain",
}

// LooksLikeCSV reports whether the first line is a header of several columns,
// one of them "id".
func LooksLikeCSV(data []byte) bool {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	names := strings.Split(strings.TrimSpace(string(line)), ",")
	hasID := false
	for _, name := range names {
		column, known := columns[name]
		if !known {
			return false
		}
		hasID = hasID || column == "id"
	}
	return hasID && len(names) > 1
}

// looksLikeHeader reports whether a line of text is the header of a table whose
// columns are separated by something other than commas, such as a tab or a
// semicolon.
func looksLikeHeader(line string) bool {
	separators := func(r rune) bool { return strings.ContainsRune(" \t;|", r) }
	names := strings.FieldsFunc(line, separators)
	hasID := false
	for _, name := range names {
		column, known := columns[strings.ToLower(name)]
		if !known {
			return false
		}
		hasID = hasID || column == "id"
	}
	return hasID && len(names) > 1
}

// ParseCSV reads a list with a header and one node a row, as proxenos nodes -o
// csv writes it. The columns may be in any order; an empty cell is not given.
func ParseCSV(data []byte, name string) ([]Node, error) {
	rows := csv.NewReader(bytes.NewReader(data))
	rows.ReuseRecord = true
	header, err := csvHeader(rows, name)
	if err != nil || header == nil {
		return nil, err
	}
	var b Builder
	for {
		row, err := rows.Read()
		switch {
		case errors.Is(err, io.EOF):
			return b.Nodes(), nil
		case err != nil:
			return nil, csvSyntax(err, name)
		}
		if err := addRow(&b, rows, header, row, name); err != nil {
			return nil, err
		}
	}
}

// csvHeader returns the options of the columns, or nil for an empty list.
func csvHeader(rows *csv.Reader, name string) ([]string, error) {
	row, err := rows.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, csvSyntax(err, name)
	}
	header, given := make([]string, len(row)), map[string]bool{}
	for i, title := range row {
		column, known := columns[strings.ToLower(strings.TrimSpace(title))]
		switch {
		case !known:
			return nil, csvPlace(rows, i, name).Errorf("column %s: want a header with id and any of address, weight, zone, domain, tags and drain", Quote(title))
		case given[column]:
			return nil, csvPlace(rows, i, name).Errorf("column %s is given twice", Quote(title))
		}
		header[i], given[column] = column, true
	}
	if !given["id"] {
		return nil, csvPlace(rows, 0, name).Errorf(`the header has no column "id"`)
	}
	return header, nil
}

// addRow adds the node of a row.
func addRow(b *Builder, rows *csv.Reader, header, row []string, name string) error {
	var d draft
	for i, cell := range row {
		switch {
		case header[i] == "id":
			d.node.Name = strings.Clone(cell)
		case cell == "":
		default:
			if err := d.option(header[i], strings.Clone(cell)); err != nil {
				return csvPlace(rows, i, name).Wrap(err)
			}
		}
	}
	return b.Add(d.node, csvPlace(rows, 0, name))
}

func csvPlace(rows *csv.Reader, field int, name string) Place {
	line, _ := rows.FieldPos(field)
	return Place{Source: name, Line: line}
}

func csvSyntax(err error, name string) error {
	at := Place{Source: name}
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		at.Line, err = e.Line, e.Err
	}
	return at.Errorf("not CSV: %w", err)
}
