package node

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// transferKeys is how many entries are transferred at a time, if they are small.
const transferKeys = 1024

// transfer copies those of the versions of a bucket that the receiver lacks from one
// node to another, of which one is this node. When it returns nil, the receiver has all
// of them but expired tombstones.
func (n *Node) transfer(ctx context.Context, from, to string, bucket int, versions []kv.Version) error {
	present, err := n.versionsOf(ctx, to, bucket, to)
	if err != nil {
		return err
	}
	has := make(map[string]kv.Version, len(present))
	for _, v := range present {
		has[v.Key] = v
	}
	var keys []string
	for _, v := range versions {
		if v.Newer(has[v.Key]) && !n.expired(v) {
			keys = append(keys, v.Key)
		}
	}
	for len(keys) > 0 {
		batch := keys[:min(len(keys), transferKeys)]
		entries, err := n.fetchFrom(ctx, from, batch...)
		if err != nil {
			return err
		}
		done := len(batch) // unless the reply ends with an earlier key
		if len(entries) > 0 {
			done = slices.Index(batch, entries[len(entries)-1].Key) + 1
		}
		if done == 0 {
			return fmt.Errorf("%s: the reply has a key that was not requested", from)
		}
		keys = keys[done:]
		if len(entries) == 0 {
			continue // dropped meanwhile
		}
		if _, err := n.keepAt(ctx, to, entries...); err != nil {
			return err
		}
	}
	return nil
}

// pageSize is about how many bytes of entries, versions or keys are sent in a message.
const pageSize = 1 << 20

// pageMeter counts the bytes of the items of a page by their keys.
type pageMeter int

// add counts an item and reports whether it is the last of its page.
func (m *pageMeter) add(key string) (last bool) {
	const item = 128
	*m += pageMeter(len(key) + item)
	return *m > pageSize
}

// Pages returns the items of all pages. It gets each page with the key of the last item
// of the page before.
func Pages[T any](key func(T) string, get func(after string) ([]T, error)) (all []T, err error) {
	for after := ""; ; {
		page, err := get(after)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		var meter pageMeter
		full := false
		for _, item := range page {
			full = meter.add(key(item))
		}
		if !full {
			return all, nil
		}
		last := key(page[len(page)-1])
		if last <= after {
			return nil, errors.New("the reply repeats a page")
		}
		after = last
	}
}
