package answer

// firstOwners is the worker for one owner per key in a format whose records can be
// pasted from a mold. Blocks with keys that need an escape take the usual way.
type firstOwners struct {
	*owners
	mold *mold
}

// plain reports whether records hold these keys as they are. The keys end in
// delimiters.
type plain func(keys []byte, delimiter byte) bool

// answer implements worker.
func (w *firstOwners) answer(dst, data []byte, delimiter byte) (_ []byte, err error) {
	for len(data) > 0 && err == nil {
		var rest []byte
		w.keys, rest = cutKeys(w.keys[:0], data, delimiter)
		block := data[:len(data)-len(rest)]
		if w.writer.plain(block, delimiter) && w.selectFirst() {
			dst = w.mold.appendRecords(dst, block, w.keys, w.first)
		} else {
			dst, err = w.block(dst)
		}
		data = rest
	}
	return dst, err
}
