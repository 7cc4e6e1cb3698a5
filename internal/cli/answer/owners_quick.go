package answer

import "github.com/proxenos/proxenos/internal/batch"

// firstOwners is the worker for one owner per key in a format whose records can be
// pasted from a mold. Blocks with keys that need an escape take the usual way.
type firstOwners struct {
	*owners
	mold  *mold
	class *batch.Class // of the bytes that are not plain
	of    byte         // the delimiter of the class
}

// plain reports whether records hold these keys as they are. The keys end in
// delimiters.
type plain func(keys []byte, delimiter byte) bool

// class returns the bytes that are not plain.
func (p plain) class(delimiter byte) *batch.Class {
	return batch.NewClass(func(b byte) bool { return !p([]byte{b}, delimiter) })
}

// answer implements worker.
func (w *firstOwners) answer(dst, data []byte, delimiter byte) (_ []byte, err error) {
	if w.class == nil || w.of != delimiter {
		w.class, w.of = w.writer.plain.class(delimiter), delimiter
	}
	for len(data) > 0 && err == nil {
		rest, found := w.block.cut(data, delimiter, w.class)
		if w.isPlain(found, delimiter) && w.selectFirst() {
			dst = w.mold.appendRecords(dst, data, &w.block, w.first)
		} else {
			dst, err = w.answerBlock(dst)
		}
		data = rest
	}
	return dst, err
}

// isPlain reports whether the keys of the block are plain.
func (w *firstOwners) isPlain(found batch.Found, delimiter byte) bool {
	keys := w.block.data
	return !found.Class && w.writer.plain(keys[min(found.Scanned, len(keys)):], delimiter)
}
