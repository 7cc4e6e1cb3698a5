// Package hashtag finds the part of a key that Redis hashes.
package hashtag

import "strings"

// Of returns the text between the first "{" of the key and the "}" that follows it,
// or the key if there is none or the text is empty, as the specification of Redis
// Cluster has it.
func Of(key string) string {
	_, rest, found := strings.Cut(key, "{")
	if !found {
		return key
	}
	if tag, _, found := strings.Cut(rest, "}"); found && tag != "" {
		return tag
	}
	return key
}
