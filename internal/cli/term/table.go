package term

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteTable writes rows in columns; an empty cell is a dash, so that awk
// counts columns right.
func WriteTable(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if _, err := fmt.Fprintln(t, Tabbed(row)); err != nil {
			return err
		}
	}
	return t.Flush()
}

// Tabbed is a row with tabs between its cells.
func Tabbed(row []string) string {
	for i, cell := range row {
		if cell == "" {
			row[i] = "-"
		}
	}
	return strings.Join(row, "\t")
}
