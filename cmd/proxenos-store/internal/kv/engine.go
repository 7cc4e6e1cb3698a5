package kv

import (
	"errors"
	"hash/fnv"
)

// Buckets is the number of parts that keys fall into. A bucket is what nodes
// compare and send in one go.
const Buckets = 256

// Bucket returns the bucket of a key, 0 to 255. All nodes must agree on it.
func Bucket(key string) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key)) // never fails
	sum := h.Sum64()
	return int(byte(sum>>56 ^ sum>>28 ^ sum))
}

// Engine keeps the newest entry of each key. It is safe for any number of
// goroutines.
type Engine interface {
	// Get returns the entry of a key, which may be a deletion.
	Get(key string) (Entry, bool, error)
	// Merge keeps those entries that are newer than what is there. When it
	// returns nil they are as safe as the engine makes them; when it fails,
	// none or all of them are.
	Merge(entries []Entry) error
	// Drop removes what still has exactly these versions.
	Drop(stamps []Stamp) error
	// Scan calls f with what a bucket holds, in order of key, until f returns
	// false. f must not use the engine.
	Scan(bucket int, f func(Stamp) bool) error
	// Close ends the use of the engine.
	Close() error
}

// ErrCorrupt means that a file does not hold what was written to it.
var ErrCorrupt = errors.New("the data file is damaged")

// Stamps returns what a bucket holds.
func Stamps(e Engine, bucket int) (stamps []Stamp, err error) {
	err = e.Scan(bucket, func(s Stamp) bool { stamps = append(stamps, s); return true })
	return stamps, err
}

// Count returns the number of keys that are there and not deleted.
func Count(e Engine) (n int, err error) {
	for bucket := range Buckets {
		err = errors.Join(err, e.Scan(bucket, func(s Stamp) bool {
			if !s.Deleted {
				n++
			}
			return true
		}))
	}
	return n, err
}

// Newest returns the greatest clock reading in the engine.
func Newest(e Engine) (reading uint64, err error) {
	for bucket := range Buckets {
		err = errors.Join(err, e.Scan(bucket, func(s Stamp) bool {
			reading = max(reading, s.Clock)
			return true
		}))
	}
	return reading, err
}
