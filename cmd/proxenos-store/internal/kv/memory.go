package kv

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// Memory is an [Engine] without persistence.
type Memory struct {
	mu      sync.RWMutex
	buckets [Buckets]map[string]Entry
	meta    map[string]string
}

// NewMemory returns an empty engine.
func NewMemory() *Memory {
	m := &Memory{meta: map[string]string{}}
	for i := range m.buckets {
		m.buckets[i] = map[string]Entry{}
	}
	return m
}

// Get returns the entry of a key, which may be a tombstone.
func (m *Memory) Get(key string) (Entry, bool, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	e, ok := m.buckets[Bucket(key)][key]
	return e, ok, nil
}

// Merge stores the entries that are newer than those present, and returns the
// present versions that are newer than an entry.
func (m *Memory) Merge(entries []Entry) (newer []Version, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range entries {
		bucket := m.buckets[Bucket(e.Key)]
		switch old, ok := bucket[e.Key]; {
		case !ok || e.Newer(old.Version):
			bucket[e.Key] = e
		case old.Newer(e.Version):
			newer = append(newer, old.Version)
		}
	}
	return newer, nil
}

// Drop removes the keys whose stored versions are exactly these.
func (m *Memory) Drop(versions []Version) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range versions {
		bucket := m.buckets[Bucket(v.Key)]
		if old, ok := bucket[v.Key]; ok && old.Version == v {
			delete(bucket, v.Key)
		}
	}
	return nil
}

// SetAside removes the keys whose stored versions are exactly these.
func (m *Memory) SetAside(versions []Version) error { return m.Drop(versions) }

// Scan calls f with the versions that the bucket held when Scan was called.
func (m *Memory) Scan(bucket int, f func(Version) bool) error {
	m.mu.RLock()
	entries := slices.Collect(maps.Values(m.buckets[bucket]))
	m.mu.RUnlock()
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
	for _, e := range entries {
		if !f(e.Version) {
			break
		}
	}
	return nil
}

// Meta returns a value stored by SetMeta, or "".
func (m *Memory) Meta(name string) (string, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.meta[name], nil
}

// SetMeta stores a value.
func (m *Memory) SetMeta(name, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.meta[name] = value
	return nil
}

// Close does nothing.
func (m *Memory) Close() error { return nil }

var _ Engine = (*Memory)(nil)
