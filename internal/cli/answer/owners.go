package answer

import "github.com/proxenos/proxenos/internal/cli/place"

// owners is the worker of select, which writes the owners of keys.
type owners struct {
	ranking   place.Ranking
	count     int
	spread    place.Spreader // nil if zones are ignored
	record    record
	separator string
	endings   []string
	check     *expectation
	found     []int
}

// quick returns a faster worker with the same results, if there is one.
func (w *owners) quick() worker {
	if w.endings == nil || w.count != 1 || w.check.want != "" {
		return w
	}
	return newFirstOwners(w, w.endings)
}

// answer implements worker.
func (w *owners) answer(dst, keys []byte, delimiter byte) ([]byte, error) {
	var key string
	var err error
	for len(keys) > 0 && err == nil {
		key, keys = nextKey(keys, delimiter)
		dst, err = w.one(dst, key)
	}
	return dst, err
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
	if w.check.want != "" {
		w.check.compare(key, w.found)
	}
	return w.record(append(dst, w.separator...), key, w.found)
}
