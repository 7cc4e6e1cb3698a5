package node

import (
	"cmp"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// replies collects what nodes return for one key.
type replies struct {
	ahead atomic.Uint64 // a reading that was ignored, as it is too far ahead

	mu     sync.Mutex
	by     map[string]kv.Timestamp // the version of each node that replied
	newest kv.Entry
	failed error // of the last call that failed
}

// add records the entry of a node, the zero Entry if it has none, or its failure.
func (r *replies) add(name string, e kv.Entry, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.failed = err
		return
	}
	if r.by == nil {
		r.by = map[string]kv.Timestamp{}
	}
	r.by[name] = e.Timestamp
	if e.Newer(r.newest.Version) {
		r.newest = e
	}
}

// has reports whether a node replied.
func (r *replies) has(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.by[name]
	return ok
}

// unavailable returns the error of a request to which too few nodes replied.
func (r *replies) unavailable(got, want int) error {
	return fmt.Errorf("%w: %d of %d: %w", ErrUnavailable, got, want, cmp.Or(r.failed, errNoReplica))
}
