package term

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteTable writes rows in aligned columns for people, with cells as in [Tabbed].
func WriteTable(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if _, err := fmt.Fprintln(t, Tabbed(row)); err != nil {
			return err
		}
	}
	return t.Flush()
}

// Tabbed joins the cells of a row with tabs. It escapes them for terminals and
// logs, see [Escape]. An empty cell becomes a dash, so that awk counts columns
// correctly.
func Tabbed(row []string) string {
	for i, cell := range row {
		if row[i] = Escape(cell); cell == "" {
			row[i] = "-"
		}
	}
	return strings.Join(row, "\t")
}
