// Package kv stores the entries of one node: the newest version of each key.
//
// It knows nothing of other nodes. An [Engine] holds entries in memory or in a
// file. A [Clock] makes timestamps that order the writes of all nodes.
package kv

import (
	"errors"
	"hash/fnv"
)

// Buckets is the number of parts that the keys are divided into. Nodes compare
// and transfer keys bucket by bucket.
const Buckets = 256

// Bucket returns the bucket of a key, 0 to 255. It is the same at every node.
func Bucket(key string) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key)) // never fails
	sum := h.Sum64()
	return int(byte(sum>>56 ^ sum>>28 ^ sum))
}

// Engine stores the newest entry of each key. It is safe for concurrent use.
type Engine interface {
	// Get returns the entry of a key, which may be a tombstone.
	Get(key string) (Entry, bool, error)
	// Merge stores the entries that are newer than those present, and returns
	// the present versions that are newer than an entry. When it succeeds the
	// stored entries are durable, as far as the engine is. When it fails,
	// either none or all of them are stored.
	Merge(entries []Entry) (newer []Version, err error)
	// Remove removes the keys whose stored versions are exactly these. With aside,
	// a persistent engine keeps the entries apart, for an operator to inspect.
	Remove(versions []Version, aside bool) error
	// Scan calls f with the versions of a bucket in key order until f returns
	// false. f must not call the engine.
	Scan(bucket int, f func(Version) bool) error
	// Meta returns a value stored by SetMeta, or "".
	Meta(name string) (string, error)
	// SetMeta stores a value about the node itself, such as its generation.
	SetMeta(name, value string) error
	// Close releases the engine.
	Close() error
}

// ErrCorrupt means that the data file does not hold what was written to it.
var ErrCorrupt = errors.New("the data file is damaged")

// Versions returns the versions of a bucket, tombstones included.
func Versions(e Engine, bucket int) (versions []Version, err error) {
	err = e.Scan(bucket, func(v Version) bool { versions = append(versions, v); return true })
	return versions, err
}

// Count returns the number of keys, tombstones excluded. It scans all of them.
func Count(e Engine) (n int, err error) {
	for bucket := range Buckets {
		err = errors.Join(err, e.Scan(bucket, func(v Version) bool {
			if !v.Deleted {
				n++
			}
			return true
		}))
	}
	return n, err
}
