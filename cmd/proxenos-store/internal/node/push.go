package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// push sends a node those of the versions of a bucket that it lacks. When it returns
// nil the node has all of them.
func (n *Node) push(ctx context.Context, name string, bucket int, versions []kv.Version) error {
	theirs, err := n.versionsOf(ctx, name, bucket, name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var batch []kv.Entry
	size := 0
	for _, v := range newer(versions, theirs) {
		e, ok, err := n.cfg.Engine.Get(v.Key)
		if err != nil {
			return err
		}
		if !ok {
			continue // dropped meanwhile
		}
		batch = append(batch, e)
		if size += e.Size(); size > pageSize {
			if err := n.send(ctx, name, batch); err != nil {
				return err
			}
			batch, size = nil, 0
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return n.send(ctx, name, batch)
}

func (n *Node) send(ctx context.Context, name string, entries []kv.Entry) error {
	err := n.call(ctx, name, func(ctx context.Context, peer Peer) error {
		_, err := peer.Keep(ctx, entries)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// newer returns the versions of a that b lacks.
func newer(a, b []kv.Version) []kv.Version {
	has := make(map[string]kv.Version, len(b))
	for _, v := range b {
		has[v.Key] = v
	}
	var list []kv.Version
	for _, v := range a {
		if v.Newer(has[v.Key]) {
			list = append(list, v)
		}
	}
	return list
}

// versionsOf returns all versions of a bucket that a node stores and the owner must
// have.
func (n *Node) versionsOf(ctx context.Context, name string, bucket int, owner string) ([]kv.Version, error) {
	return Pages(kv.Version.ID, func(after string) (page []kv.Version, err error) {
		err = n.callScan(ctx, name, func(ctx context.Context, peer Peer) (err error) {
			page, err = peer.Versions(ctx, bucket, owner, after)
			return err
		})
		return page, err
	})
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
