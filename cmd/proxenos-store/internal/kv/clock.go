package kv

import (
	"fmt"
	"sync"
	"time"
)

// Clock is a hybrid logical clock: milliseconds since 1970 in the upper 48 bits
// and a counter below. It never goes back, it is never behind a reading that it
// has observed, and it stays near the time of day.
//
// Source: Kulkarni, Demirbas, Madappa, Avva, Leone: Logical Physical Clocks and
// Consistent Snapshots in Globally Distributed Databases, 2014.
type Clock struct {
	// Now is the time of day: time.Now by default.
	Now func() time.Time

	mu   sync.Mutex
	last uint64
}

const counterBits = 16

// MaxAhead is how far in the future an observed reading may lie. Without a
// bound, one node whose clock is wrong would win every conflict for ever.
const MaxAhead = 10 * time.Minute

func (c *Clock) physical() uint64 {
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	return uint64(now().UnixMilli()) << counterBits
}

// Tick returns a reading greater than any before it.
func (c *Clock) Tick() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(c.last+1, c.physical())
	return c.last
}

// Observe makes later readings greater than this one, which another node made.
// It refuses one that lies too far in the future.
func (c *Clock) Observe(reading uint64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if limit := c.physical() + uint64(MaxAhead.Milliseconds())<<counterBits; reading > limit {
		return fmt.Errorf("a version is of %v, more than %v ahead of the clock here",
			Time(reading).UTC().Format(time.RFC3339), MaxAhead)
	}
	c.last = max(c.last, reading)
	return nil
}

// Time returns the time of day in a reading.
func Time(reading uint64) time.Time { return time.UnixMilli(int64(reading >> counterBits)) }
