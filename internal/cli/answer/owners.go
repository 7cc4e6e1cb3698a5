package answer

import (
	"slices"

	"github.com/proxenos/proxenos/internal/cli/place"
)

// maxTogether is the maximum number of owners for which keys are looked up together,
// to bound the memory of a block.
const maxTogether = 64

// owners is the worker of select, which writes the owners of keys.
type owners struct {
	ranking place.Ranking
	count   int
	spread  place.Spreader // nil if zones are ignored
	record  record
	writer  *writer
	check   *expectation
	found   []int
	block   block
	first   []int // owners of the keys of the block
}

// quick returns a faster worker with the same results, if there is one.
func (w *owners) quick() worker {
	if w.writer.plain == nil || w.count != 1 || w.spread != nil || w.check.want != "" {
		return w
	}
	return &firstOwners{owners: w, mold: w.writer.mold()}
}

// answer implements worker.
func (w *owners) answer(dst, keys []byte, delimiter byte) (_ []byte, err error) {
	for len(keys) > 0 && err == nil {
		keys, _ = w.block.cut(keys, delimiter, noBytes)
		dst, err = w.answerBlock(dst)
	}
	return dst, err
}

// answerBlock appends the records of the keys of the block.
func (w *owners) answerBlock(dst []byte) (_ []byte, err error) {
	if w.count == 1 && w.spread == nil && w.selectFirst() {
		return w.rows(dst, 1)
	}
	if w.spread == nil && w.count <= maxTogether {
		if all, ok := place.SelectNAll(w.first[:0], w.ranking, w.block.keys, w.count); ok {
			w.first = all
			return w.rows(dst, len(all)/len(w.block.keys))
		}
	}
	for _, key := range w.block.keys {
		if dst, err = w.one(dst, key); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// rows appends the records of the keys of the block, each of which has n owners.
func (w *owners) rows(dst []byte, n int) (_ []byte, err error) {
	for i, key := range w.block.keys {
		if dst, err = w.write(dst, key, w.first[i*n:(i+1)*n]); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// selectFirst finds the owners of the keys of the block. It reports whether every key
// has one.
func (w *owners) selectFirst() bool {
	w.first = place.SelectAll(w.first[:0], w.ranking, w.block.keys)
	return !slices.Contains(w.first, -1)
}

// one appends the record of one key.
func (w *owners) one(dst []byte, key string) ([]byte, error) {
	w.found = w.found[:0]
	if w.spread != nil {
		w.found = w.spread(w.found, key, w.count)
	} else if w.count == 1 {
		if i, ok := w.ranking.Select(key); ok {
			w.found = append(w.found, i)
		}
	} else {
		w.found = w.ranking.SelectN(w.found, key, w.count)
	}
	return w.write(dst, key, w.found)
}

// write appends the record of a key with its owners.
func (w *owners) write(dst []byte, key string, owners []int) ([]byte, error) {
	if w.check.want != "" {
		w.check.compare(key, owners)
	}
	return w.record(append(dst, w.writer.separator...), key, owners)
}
