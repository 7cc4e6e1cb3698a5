package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestKeysAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, key := range keys() {
		assert.True(t, len(key) >= 16 && len(key) <= 24)
		seen[key] = true
	}
	assert.Greater(t, len(seen), 1_000_000)
	assert.Len(t, seen, keyCount)
}

func TestNodesAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, node := range makeNodes(100_000) {
		seen[node] = true
	}
	assert.Len(t, seen, 100_000)
}
