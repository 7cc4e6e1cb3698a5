package answer

import "github.com/proxenos/proxenos/internal/cli/place"

// following is the worker of select --follow. It answers every chunk of keys from
// the placement that is current when the chunk is read.
type following struct {
	selection *Selection
	output    *Output
	placement *place.Placement
	worker    worker // for the placement
}

// answer implements worker.
func (f *following) answer(dst, keys []byte, delimiter byte) ([]byte, error) {
	if len(keys) == 0 { // the end of the keys, which needs no nodes
		return dst, nil
	}
	p, err := f.selection.Follow()
	if err != nil {
		return dst, err
	}
	if p != f.placement {
		f.placement, f.worker = p, f.newWorker(p)
	}
	return f.worker.answer(dst, keys, delimiter)
}

// newWorker returns the worker for a placement.
func (f *following) newWorker(p *place.Placement) worker {
	var spread place.Spreader
	if f.selection.Zones != nil {
		spread = f.selection.Zones(p)
	}
	return f.output.newWriter(f.output, p).owners(p, f.selection.Count, spread, &expectation{}).quick()
}
