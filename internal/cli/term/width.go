package term

import (
	"io"
	"os"
)

const (
	// plainWidth is the width of help that is not on a terminal, in columns.
	plainWidth = 80
	// widestHelp is the widest help that is easy to read.
	widestHelp = 120
)

// helpWidth returns the number of columns for help on w: those of the terminal.
func helpWidth(w io.Writer) int {
	if r, ok := w.(*remembering); ok {
		w = r.w
	}
	f, ok := w.(*os.File)
	if !ok || !IsTerminal(f) {
		return plainWidth
	}
	if columns := columnsOf(f); columns > 0 {
		return min(columns, widestHelp)
	}
	return plainWidth
}
