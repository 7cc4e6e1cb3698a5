package kv

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// Clock is a hybrid logical clock. A reading holds milliseconds since 1970 in
// its upper 48 bits and a counter in the lower 16. Readings never go back, are
// greater than every observed reading, and stay close to the wall clock. Only if
// that is set back by more than [MaxAhead], readings follow it.
//
// Source: Kulkarni, Demirbas, Madappa, Avva, Leone: Logical Physical Clocks and
// Consistent Snapshots in Globally Distributed Databases, 2014.
type Clock struct {
	// Now returns the wall clock time.
	Now func() time.Time

	mu   sync.Mutex
	last uint64
}

const counterBits = 16

// MaxAhead bounds how far ahead of the wall clock an observed reading may be.
// Without a bound, a single node with a wrong clock would win every conflict.
const MaxAhead = 10 * time.Minute

func (c *Clock) physical() uint64 {
	return uint64(c.Now().UnixMilli()) << counterBits
}

// limit returns the greatest reading that is not too far ahead.
func (c *Clock) limit() uint64 { return c.physical() + uint64(MaxAhead.Milliseconds())<<counterBits }

// Tick returns a reading greater than all readings before it.
func (c *Clock) Tick() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last >= c.limit() {
		c.last = 0 // the wall clock was set back
	}
	c.last = max(c.last+1, c.physical())
	return c.last
}

// IsAhead reports whether a reading is more than [MaxAhead] ahead of the wall clock.
func (c *Clock) IsAhead(reading uint64) bool { return reading > c.limit() }

// ErrAhead means that a reading is more than [MaxAhead] ahead of the wall clock.
var ErrAhead = errors.New("clock difference too large")

// Observe makes later readings greater than this one, which another node made. If
// the reading is too far ahead it returns [ErrAhead] with both times.
func (c *Clock) Observe(reading uint64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.IsAhead(reading) {
		return fmt.Errorf("%w: version of %s, local clock %s, at most %v ahead", ErrAhead, format(reading), format(c.physical()), MaxAhead)
	}
	c.last = max(c.last, reading)
	return nil
}

func format(reading uint64) string { return Time(reading).UTC().Format(time.RFC3339) }

// Time returns the wall clock time of a reading.
func Time(reading uint64) time.Time { return time.UnixMilli(int64(reading >> counterBits)) }
