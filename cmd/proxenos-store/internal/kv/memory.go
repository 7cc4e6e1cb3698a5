package kv

import (
	"maps"
	"slices"
	"sync"
)

// Memory is an [Engine] without persistence.
type Memory struct {
	buckets [Buckets]memoryBucket
	meta    sync.Map // name to value
}

type memoryBucket struct {
	mu      sync.RWMutex
	entries map[string]Entry
}

// NewMemory returns an empty engine.
func NewMemory() *Memory { return &Memory{} }

// Get returns the entry of a key, which may be a tombstone.
func (m *Memory) Get(key string) (Entry, bool, error) {
	b := &m.buckets[Bucket(key)]
	b.mu.RLock()
	defer b.mu.RUnlock()
	e, ok := b.entries[key]
	return e, ok, nil
}

// Merge stores the entries that are newer than those present, and returns the
// present versions that are newer than an entry.
func (m *Memory) Merge(entries []Entry) (newer []Version, err error) {
	for _, e := range entries {
		if v := m.buckets[Bucket(e.Key)].merge(e); v.Newer(e.Version) {
			newer = append(newer, v)
		}
	}
	return newer, nil
}

// merge returns the version that the bucket then holds.
func (b *memoryBucket) merge(e Entry) Version {
	b.mu.Lock()
	defer b.mu.Unlock()
	if old, ok := b.entries[e.Key]; ok && !e.Newer(old.Version) {
		return old.Version
	}
	if b.entries == nil {
		b.entries = map[string]Entry{}
	}
	b.entries[e.Key] = e
	return e.Version
}

// Drop removes the keys whose stored versions are exactly these.
func (m *Memory) Drop(versions []Version) error {
	for _, v := range versions {
		m.buckets[Bucket(v.Key)].drop(v)
	}
	return nil
}

func (b *memoryBucket) drop(v Version) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if old, ok := b.entries[v.Key]; ok && old.Version == v {
		delete(b.entries, v.Key)
	}
}

// SetAside removes the keys whose stored versions are exactly these.
func (m *Memory) SetAside(versions []Version) error { return m.Drop(versions) }

// Scan calls f with the versions that the bucket held when Scan was called.
func (m *Memory) Scan(bucket int, f func(Version) bool) error {
	b := &m.buckets[bucket]
	b.mu.RLock()
	versions := make([]Version, 0, len(b.entries))
	for _, key := range slices.Sorted(maps.Keys(b.entries)) {
		versions = append(versions, b.entries[key].Version)
	}
	b.mu.RUnlock()
	for _, v := range versions {
		if !f(v) {
			break
		}
	}
	return nil
}

// Meta returns a value stored by SetMeta, or "".
func (m *Memory) Meta(name string) (string, error) {
	value, _ := m.meta.Load(name)
	text, _ := value.(string)
	return text, nil
}

// SetMeta stores a value.
func (m *Memory) SetMeta(name, value string) error {
	m.meta.Store(name, value)
	return nil
}

// Close does nothing.
func (m *Memory) Close() error { return nil }

var _ Engine = (*Memory)(nil)
