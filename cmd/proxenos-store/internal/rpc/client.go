// Package rpc connects nodes over Thrift: [NewProcessor] serves a node, [NewPeer] calls
// another node, and [Client] calls the store from outside.
package rpc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/mapper/locator"
)

// Client calls the store at one of its nodes. The node may be of a network of
// 2009.
type Client struct{ *locator.Client }

// NewClient returns a client of the node at host:port.
func NewClient(addr string, cfg locator.CallConfig) *Client {
	return &Client{locator.NewClient(addr, cfg)}
}

func (c *Client) wire() *peerwire.PeerClient { return peerwire.NewPeerClient(c.Caller) }

// Put stores a value. A node of 2009 does not confirm it; Put then pings the node,
// which answers after it has processed the call.
func (c *Client) Put(ctx context.Context, key, value string) error {
	err := c.wire().Write(ctx, key, []byte(value))
	if isUnknownMethod(err) {
		if err = c.wire().Put(ctx, key, value); err == nil {
			err = c.Ping(ctx)
		}
	}
	return err
}

// Get returns the value of a key; ok is false if there is none. At a node of 2009
// an empty value counts as none.
func (c *Client) Get(ctx context.Context, key string) (value string, ok bool, err error) {
	found, err := c.wire().Read(ctx, key)
	if isUnknownMethod(err) {
		value, err = c.wire().Get(ctx, key)
		return value, value != "", err
	}
	if err != nil {
		return "", false, err
	}
	return string(found.Value), found.Found, nil
}

// Delete deletes a key, which need not exist.
func (c *Client) Delete(ctx context.Context, key string) error {
	return orLegacy("delete", c.wire().Erase(ctx, key))
}

// Keys returns all keys, sorted.
func (c *Client) Keys(ctx context.Context) ([]string, error) {
	var all []string
	for bucket := range kv.Buckets {
		keys, err := node.Pages(strings.Clone, func(after string) ([]string, error) {
			return c.wire().Keys(ctx, int32(bucket), after)
		})
		if err != nil {
			return nil, orLegacy("list", err)
		}
		all = append(all, keys...)
	}
	slices.Sort(all)
	return all, nil
}

// JoinInfo returns what a node needs to join. A node of a network of 2009 returns
// [ErrLegacyNode].
func (c *Client) JoinInfo(ctx context.Context) (*peerwire.JoinInfo, error) {
	info, err := c.wire().JoinInfo(ctx)
	return info, orLegacy("join", err)
}

// ErrLegacyNode means that a node knows the calls of 2009 only.
var ErrLegacyNode = errors.New("the node supports only the calls of 2009")

func isUnknownMethod(err error) bool {
	var reply thrift.TApplicationException
	return errors.As(err, &reply) && reply.TypeId() == thrift.UNKNOWN_METHOD
}

// orLegacy returns the error of a call that nodes of 2009 do not know.
func orLegacy(call string, err error) error {
	if isUnknownMethod(err) {
		return fmt.Errorf("%s: %w", call, ErrLegacyNode)
	}
	return err
}
