package rpc

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator"
)

// Client asks the store at one of its nodes, of 2009 as well as of ours.
type Client struct{ *locator.Client }

// NewClient returns a client of the node at host:port.
func NewClient(addr string, cfg locator.CallConfig) *Client {
	return &Client{locator.NewClient(addr, cfg)}
}

// wire returns a generated client for one call.
func (c *Client) wire() *peerwire.PeerClient { return peerwire.NewPeerClient(c.Caller) }

// Put stores a value. With a node of 2009 nothing tells whether it arrived; the
// ping that follows at least waits until the node is done with it.
func (c *Client) Put(ctx context.Context, key, value string) error {
	err := c.wire().Write(ctx, key, []byte(value))
	if isOld(err) {
		if err = c.wire().Put(ctx, key, value); err == nil {
			err = c.Ping(ctx)
		}
	}
	return err
}

// Get returns the value of a key; ok is false when there is none. A node of 2009
// answers the same for no value and for the empty one, which counts as none.
func (c *Client) Get(ctx context.Context, key string) (value string, ok bool, err error) {
	found, err := c.wire().Read(ctx, key)
	if isOld(err) {
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
	err := c.wire().Erase(ctx, key)
	if isOld(err) {
		return fmt.Errorf("delete: %w", errOld)
	}
	return err
}

// Keys returns all keys, sorted.
func (c *Client) Keys(ctx context.Context) ([]string, error) {
	var all []string
	for bucket := range kv.Buckets {
		keys, err := c.wire().Keys(ctx, int32(bucket))
		if isOld(err) {
			return nil, fmt.Errorf("list: %w", errOld)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, keys...)
	}
	slices.Sort(all)
	return all, nil
}

// Expected returns the node that is to have a key.
func (c *Client) Expected(ctx context.Context, key string) (mapper.Node, error) {
	return c.Owner(ctx, key)
}

// Invite returns what a node must know to join. A node of a network of 2009 has
// nothing to say: see IsOld.
func (c *Client) Invite(ctx context.Context) (*peerwire.Invitation, error) {
	invitation, err := c.wire().Invite(ctx)
	if isOld(err) {
		return nil, fmt.Errorf("invite: %w", errOld)
	}
	return invitation, err
}

var errOld = errors.New("the node keeps to the calls of 2009")

// IsOld reports whether an error means that the node knows the calls of 2009
// only.
func IsOld(err error) bool { return errors.Is(err, errOld) }

func isOld(err error) bool {
	var answer thrift.TApplicationException
	return errors.As(err, &answer) && answer.TypeId() == thrift.UNKNOWN_METHOD
}
