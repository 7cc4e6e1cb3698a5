package hashtag

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestOf has the examples of the specification of Redis Cluster.
func TestOf(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"":                     "",
		"user1000":             "user1000",
		"{user1000}.following": "user1000",
		"foo{}{bar}":           "foo{}{bar}",
		"foo{{bar}}zap":        "{bar",
		"foo{bar}{zap}":        "bar",
		"open{":                "open{",
		"close}open{x":         "close}open{x",
	} {
		assert.Equal(t, want, Of(key), "key %q", key)
	}
}

// TestBetween has delimiters of twemproxy's setting hash_tag.
func TestBetween(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "user", Between("a$user$b$c", '$', '$'))
	assert.Equal(t, "b", Between("a<b>c<d>", '<', '>'))
	assert.Equal(t, "a>b<c", Between("a>b<c", '<', '>'), "no closing byte after the opening one")
	assert.Equal(t, "a<>b<c>", Between("a<>b<c>", '<', '>'), "the first tag is empty")
	assert.Equal(t, "a{b}c", Between("a{b}c", '<', '>'))
}
