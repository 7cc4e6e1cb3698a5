package prf

import "github.com/proxenos/proxenos/internal/hashtag"

// HashTag returns a function that cuts a key to its hash tag: the text between the
// first opening byte and the first closing byte after it, or the whole key if there
// is none or the text is empty. Redis Cluster and go-redis have '{' and '}', and
// twemproxy those of its setting hash_tag.
//
// The function does not allocate. It is safe for concurrent use.
func HashTag(opening, closing byte) func(key string) string {
	return func(key string) string { return hashtag.Between(key, opening, closing) }
}
