package term

import (
	"cmp"
	"io"
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// WriteTable writes rows in columns for people, with cells as in [Tabbed]. It
// aligns them by the width that a terminal gives to each character.
func WriteTable(w io.Writer, rows [][]string) error {
	var widths []int
	for _, row := range rows {
		fillCells(row)
		for i, cell := range row[:max(len(row)-1, 0)] { // the last cell is not padded
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], displaywidth.String(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-displaywidth.String(cell)+2))
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Tabbed joins the cells of a row with tabs. It escapes them for terminals and
// logs, see [Escape]. An empty cell becomes a dash, so that awk counts columns
// correctly.
func Tabbed(row []string) string {
	fillCells(row)
	return strings.Join(row, "\t")
}

func fillCells(row []string) {
	for i, cell := range row {
		row[i] = cmp.Or(Escape(cell), "-")
	}
}
