package kv

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// memory is an [Engine] without persistence.
type memory struct {
	mu      sync.RWMutex
	buckets [Buckets]map[string]Entry
	meta    map[string]string
}

// NewMemory returns an empty engine without persistence.
func NewMemory() Engine {
	m := &memory{meta: map[string]string{}}
	for i := range m.buckets {
		m.buckets[i] = map[string]Entry{}
	}
	return m
}

func (m *memory) Get(key string) (Entry, bool, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	e, ok := m.buckets[Bucket(key)][key]
	return e, ok, nil
}

func (m *memory) Merge(entries []Entry) (newer []Version, err error) {
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

func (m *memory) Remove(versions []Version, _ bool) error {
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

// Scan visits the versions that the bucket held when it was called.
func (m *memory) Scan(bucket int, visit func(Version) bool) error {
	m.mu.RLock()
	entries := slices.Collect(maps.Values(m.buckets[bucket]))
	m.mu.RUnlock()
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
	for _, e := range entries {
		if !visit(e.Version) {
			break
		}
	}
	return nil
}

func (m *memory) Meta(name string) (string, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.meta[name], nil
}

func (m *memory) SetMeta(name, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.meta[name] = value
	return nil
}

func (*memory) Close() error { return nil }
