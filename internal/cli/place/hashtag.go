package place

import (
	"slices"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

const (
	// redisTag is the value of --hash-tag that agrees with Redis.
	redisTag = "{}"
	// noTag is the value of --hash-tag that hashes whole keys.
	noTag = "none"
)

// redisTagged are the algorithms that cut keys at braces as their program does.
var redisTagged = []string{"go-redis", "redis-cluster"}

// resolveHashTag validates --hash-tag.
func (o *Flags) resolveHashTag() error {
	own := slices.Contains(redisTagged, o.algorithm.Name)
	switch {
	case o.hashTag == "":
		return nil
	case own && o.hashTag != redisTag:
		return term.Hint(term.Usagef("--hash-tag %s does not apply to %s, which has %s", o.hashTag, o.algorithm.Name, redisTag), "omit it")
	case o.hashTag != noTag && !isTag(o.hashTag):
		return term.Hint(term.Usagef("--hash-tag %q: must be two ASCII characters, or none", o.hashTag), "Redis and go-redis have '{}'; twemproxy has those of its hash_tag")
	}
	return nil
}

// isTag reports whether the text is two printable ASCII characters.
func isTag(text string) bool {
	printable := func(c byte) bool { return '!' <= c && c <= '~' }
	return len(text) == 2 && printable(text[0]) && printable(text[1])
}

// cut returns the function that cuts keys to their hash tag, or nil if the algorithm
// gets whole keys.
func (o *Flags) cut() func(key string) string {
	if o.hashTag == "" || o.hashTag == noTag || slices.Contains(redisTagged, o.algorithm.Name) {
		return nil
	}
	return prf.HashTag(o.hashTag[0], o.hashTag[1])
}
