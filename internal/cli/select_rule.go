package cli

import (
	"strings"
	"sync"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/ring/rules"
)

// brokenKeys counts the keys whose nodes break the rule of failure domains. It is safe
// for concurrent use.
type brokenKeys struct {
	mu    sync.Mutex
	count int64
	key   string // the smallest one
	why   rules.Break
}

// spread returns the choice of nodes by the rule of the placement, or by
// --zone-policy.
func (o *selectOptions) spread(p *place.Placement) place.Spreader {
	if p.Levels == nil {
		return o.zones.Spread(p)
	}
	return func(dst []int, key string, _ int) []int {
		dst, breaks := p.Levels.Select(dst, key)
		if len(breaks) == 0 {
			return dst
		}
		if o.Stream {
			o.broken.add(key, breaks[0])
			return dst
		}
		for _, b := range breaks {
			o.std.Warn("key %q: %s", key, b)
		}
		return dst
	}
}

func (b *brokenKeys) add(key string, why rules.Break) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.count++; b.count == 1 || key < b.key {
		b.key, b.why = strings.Clone(key), why // the key is part of a buffer
	}
}

// warn warns about the keys of a stream.
func (b *brokenKeys) warn(std *term.Streams) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.count {
	case 0:
	case 1:
		std.Warn("1 key breaks the rule: key %q: %s", b.key, b.why)
	default:
		std.Warn("%d keys break the rule, such as key %q: %s; -o jsonl lists all", b.count, b.key, b.why)
	}
}
