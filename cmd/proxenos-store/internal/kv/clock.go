package kv

import (
	"fmt"
	"sync"
	"time"
)

// Clock is a hybrid logical clock. A reading holds milliseconds since 1970 in
// its upper 48 bits and a counter in the lower 16. Readings never go back, are
// greater than every observed reading, and stay close to the wall clock.
//
// Source: Kulkarni, Demirbas, Madappa, Avva, Leone: Logical Physical Clocks and
// Consistent Snapshots in Globally Distributed Databases, 2014.
type Clock struct {
	// Now returns the wall clock time: time.Now by default.
	Now func() time.Time

	mu   sync.Mutex
	last uint64
}

const counterBits = 16

// MaxAhead bounds how far ahead of the wall clock an observed reading may be.
// Without a bound, a single node with a wrong clock would win every conflict.
const MaxAhead = 10 * time.Minute

func (c *Clock) physical() uint64 {
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	return uint64(now().UnixMilli()) << counterBits
}

// Tick returns a reading greater than all readings before it.
func (c *Clock) Tick() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(c.last+1, c.physical())
	return c.last
}

// Observe makes later readings greater than this one, which another node made.
// It rejects a reading more than [MaxAhead] ahead of the wall clock.
func (c *Clock) Observe(reading uint64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if limit := c.physical() + uint64(MaxAhead.Milliseconds())<<counterBits; reading > limit {
		return fmt.Errorf("version of %v is more than %v ahead of the local clock",
			Time(reading).UTC().Format(time.RFC3339), MaxAhead)
	}
	c.last = max(c.last, reading)
	return nil
}

// Time returns the wall clock time of a reading.
func Time(reading uint64) time.Time { return time.UnixMilli(int64(reading >> counterBits)) }
