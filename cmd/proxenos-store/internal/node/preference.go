package node

import (
	"cmp"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/ring"
)

// preferenceList holds the members of a ring for a key, best first. The replicas
// are computed at once, and the members after them only if a replica fails. Its
// calls go to each member once.
type preferenceList struct {
	p        *placement
	ring     *ring.Ring[Member]
	key      string
	names    []string
	complete bool
	called   int
}

func (p *placement) preferenceList(r *ring.Ring[Member], key string) *preferenceList {
	return &preferenceList{p: p, ring: r, key: key, names: p.appendReplicas(nil, r, key, p.replicas)}
}

// quorum returns how many members must answer: as many as there are replicas, or
// all members if there are fewer.
func (l *preferenceList) quorum() int { return min(l.p.replicas, l.ring.Len()) }

func (l *preferenceList) next() (name string, ok bool) {
	if l.called == len(l.names) && !l.complete {
		l.names, l.complete = l.p.appendReplicas(nil, l.ring, l.key, l.ring.Len()), true
	}
	if l.called >= len(l.names) {
		return "", false
	}
	l.called++
	return l.names[l.called-1], true
}

// call calls the next members at the same time, and another member for each that
// fails, until as many as wanted have succeeded or the list ends. It returns how
// many calls succeeded.
func (l *preferenceList) call(want int, f func(name string) error) (succeeded int) {
	results := make(chan error, want)
	running := 0
	start := func() {
		if name, ok := l.next(); ok {
			running++
			go func() { results <- f(name) }()
		}
	}
	for range want {
		start()
	}
	for ; running > 0; running-- {
		switch err := <-results; {
		case err == nil:
			succeeded++
		case succeeded+running-1 < want:
			start()
		}
	}
	return succeeded
}

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

func (r *replies) has(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.by[name]
	return ok
}

func (r *replies) unavailable(got, want int) error {
	return fmt.Errorf("%w: %d of %d: %w", ErrUnavailable, got, want, cmp.Or(r.failed, errNoReplica))
}
