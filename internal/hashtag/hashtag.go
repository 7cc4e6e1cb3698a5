// Package hashtag finds the part of a key that Redis hashes.
package hashtag

import "strings"

// Of returns the hash tag of a key as the specification of Redis Cluster has it,
// between braces.
func Of(key string) string { return Between(key, '{', '}') }

// Between returns the text between the first opening byte of the key and the first
// closing byte after it, or the key if there is none or the text is empty.
func Between(key string, opening, closing byte) string {
	first := strings.IndexByte(key, opening)
	if first < 0 {
		return key
	}
	rest := key[first+1:]
	if n := strings.IndexByte(rest, closing); n > 0 {
		return rest[:n]
	}
	return key
}
