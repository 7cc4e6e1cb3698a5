package kv

import (
	"maps"
	"slices"
	"sync"
)

// Memory is an Engine that forgets when the process ends.
type Memory struct{ buckets [Buckets]memoryBucket }

type memoryBucket struct {
	mu      sync.RWMutex
	entries map[string]Entry
}

// NewMemory returns an empty engine.
func NewMemory() *Memory { return &Memory{} }

// Get returns the entry of a key.
func (m *Memory) Get(key string) (Entry, bool, error) {
	b := &m.buckets[Bucket(key)]
	b.mu.RLock()
	defer b.mu.RUnlock()
	e, ok := b.entries[key]
	return e, ok, nil
}

// Merge keeps those entries that are newer than what is there.
func (m *Memory) Merge(entries []Entry) error {
	for _, e := range entries {
		m.buckets[Bucket(e.Key)].merge(e)
	}
	return nil
}

func (b *memoryBucket) merge(e Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if old, ok := b.entries[e.Key]; ok && !e.Newer(old.Stamp) {
		return
	}
	if b.entries == nil {
		b.entries = map[string]Entry{}
	}
	b.entries[e.Key] = e
}

// Drop removes what still has exactly these versions.
func (m *Memory) Drop(stamps []Stamp) error {
	for _, s := range stamps {
		m.buckets[Bucket(s.Key)].drop(s)
	}
	return nil
}

func (b *memoryBucket) drop(s Stamp) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if old, ok := b.entries[s.Key]; ok && old.Stamp == s {
		delete(b.entries, s.Key)
	}
}

// Scan calls f with what a bucket held when it began.
func (m *Memory) Scan(bucket int, f func(Stamp) bool) error {
	b := &m.buckets[bucket]
	b.mu.RLock()
	stamps := make([]Stamp, 0, len(b.entries))
	for _, key := range slices.Sorted(maps.Keys(b.entries)) {
		stamps = append(stamps, b.entries[key].Stamp)
	}
	b.mu.RUnlock()
	for _, s := range stamps {
		if !f(s) {
			break
		}
	}
	return nil
}

// Close does nothing.
func (m *Memory) Close() error { return nil }

var _ Engine = (*Memory)(nil)
