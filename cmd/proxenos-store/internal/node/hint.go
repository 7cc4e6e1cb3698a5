package node

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// Hinted hand-off: the coordinator of a write keeps the entry for each owner that did
// not answer, and sends it as soon as the owner does. Until then, and without hints
// if the coordinator crashes, the owner would return an older value until the next
// repair. Read repair takes the same way.

const (
	hintInterval = 100 * time.Millisecond
	maxHintSize  = 64 << 20 // bytes; repair does the rest
)

// hints holds the entries to send, by owner and key.
type hints struct {
	mu      sync.Mutex
	entries map[string]map[string]kv.Entry
	size    int
}

// add keeps an entry for an owner, unless there are too many.
func (h *hints) add(owner string, e kv.Entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if old, ok := h.entries[owner][e.Key]; ok && !e.Newer(old.Version) || h.size > maxHintSize {
		return
	}
	h.size += e.Size()
	if h.entries[owner] == nil {
		h.entries[owner] = map[string]kv.Entry{}
	}
	h.entries[owner][e.Key] = e
}

func (h *hints) take() map[string]map[string]kv.Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	taken := h.entries
	h.entries, h.size = map[string]map[string]kv.Entry{}, 0
	return taken
}

// hintLoop sends hints until the context ends.
func (n *Node) hintLoop(ctx context.Context) {
	for sleep(ctx, hintInterval) == nil {
		entries := n.hints.take()
		parallel(slices.Collect(maps.Keys(entries)), func(owner string) { n.sendHints(ctx, owner, entries[owner]) })
	}
}

// sendHints sends the entries of one owner, and keeps those that it did not accept. It
// drops those of a node that is no longer a member: such a node copies its keys when it
// joins again.
func (n *Node) sendHints(ctx context.Context, owner string, entries map[string]kv.Entry) {
	failed := false
	for _, e := range entries {
		if n.current().state(owner) == "" {
			return
		}
		if !failed {
			// An owner that is cut off may not answer a call that began before it is back.
			call, cancel := context.WithTimeout(ctx, n.cfg.Call/4)
			_, err := n.keepAt(call, owner, e)
			cancel()
			failed = err != nil
		}
		if failed {
			n.hints.add(owner, e)
		}
	}
}
