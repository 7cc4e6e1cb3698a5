package connlimit

import (
	"errors"
	"os"
	"sync"
	"time"
)

// deadline is the read or the write deadline of a connection. Package net/http moves
// deadlines several times for each request, which takes a tenth of the time of a short
// one. The deadline of the inner connection is therefore moved only if it is too late.
// One that is too early interrupts a call, which then goes on. One of long ago moves it
// only if a call is pending: calls that begin later fail at once.
type deadline struct {
	set func(time.Time) error // of the inner connection

	mu      sync.Mutex
	pending int       // calls of the inner connection
	ended   bool      // want is long ago
	want    time.Time // zero: none
	inner   time.Time // never after want, unless ended; zero: none
}

// begin reports whether a call may use the inner connection. If so, the call ends with
// done.
func (d *deadline) begin() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		return false
	}
	d.pending++
	return true
}

// done ends a call that has begun.
func (d *deadline) done() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pending--
}

// longestInner is how far ahead an inner deadline is set at most, so that it need not
// move for those that come soon.
const longestInner = 5 * time.Second

// change changes the deadline. The zero time is none.
func (d *deadline) change(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.want, d.ended = t, !t.IsZero() && t.Before(longAgo)
	switch {
	case d.ended && d.pending == 0:
		return nil
	case t.IsZero() && !d.inner.IsZero() && d.inner.Before(longAgo):
		return d.arm(time.Now()) // the next call would be early
	case t.IsZero(), !d.inner.IsZero() && !d.inner.After(t):
		return nil
	}
	d.inner = t
	return d.set(t)
}

// longAgo is after the deadline by which package net/http ends a Read.
var longAgo = time.Unix(1<<29, 0)

// arm sets the inner deadline to the wanted one, or to one before it.
func (d *deadline) arm(now time.Time) error {
	d.inner = now.Add(longestInner)
	if !d.want.IsZero() && d.want.Before(d.inner) {
		d.inner = d.want
	}
	return d.set(d.inner)
}

// early reports whether err is the end of an inner deadline that is not wanted, or not
// yet. It moves that deadline, and the caller tries again.
func (d *deadline) early(err error) bool {
	if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if !d.want.IsZero() && !d.want.After(now) {
		return false
	}
	return d.arm(now) == nil
}
