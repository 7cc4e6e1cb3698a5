package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// writeTable writes rows in columns; an empty cell is a dash, so that awk
// counts columns right.
func writeTable(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if _, err := fmt.Fprintln(t, tabbed(row)); err != nil {
			return err
		}
	}
	return t.Flush()
}

// tabbed is a row with tabs between its cells.
func tabbed(row []string) string {
	for i, cell := range row {
		if cell == "" {
			row[i] = "-"
		}
	}
	return strings.Join(row, "\t")
}
