package answer

import (
	"io"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// byteOrderMark is what some editors put before the first line of a file.
const byteOrderMark = "\xef\xbb\xbf"

// bomWatcher warns of a byte order mark at the start of the keys. The mark stays
// a part of the first key, as keys are bytes.
type bomWatcher struct {
	io.Reader
	std  *term.Streams
	seen int // the bytes of the mark seen; all of it or -1 means decided
}

func watchBOM(keys io.Reader, std *term.Streams) io.Reader {
	return &bomWatcher{Reader: keys, std: std}
}

func (w *bomWatcher) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	for i := 0; i < n && w.seen >= 0 && w.seen < len(byteOrderMark); i++ {
		if p[i] != byteOrderMark[w.seen] {
			w.seen = -1
			break
		}
		if w.seen++; w.seen == len(byteOrderMark) {
			w.std.Warn("the first key begins with a byte order mark (U+FEFF), which belongs to the key; save the keys as UTF-8 without it")
		}
	}
	return n, err
}
