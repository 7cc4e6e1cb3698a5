package swim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
)

// enter joins by the peers for the first time.
func (c *Cluster) enter(ctx context.Context) error {
	if len(c.cfg.Peers) == 0 {
		if c.cfg.MustJoin {
			return fmt.Errorf("%w: no peer was named", ErrNoPeer)
		}
		return nil
	}
	addrs, failed := c.peers(ctx)
	for _, err := range failed {
		if !temporary(err) {
			return err
		}
	}
	reached, err := c.exchange(ctx, addrs)
	if ctx.Err() != nil {
		return fmt.Errorf("joining %q: %w", c.cfg.Peers, ctx.Err())
	}
	switch err := cmp.Or(err, firstOf(failed)); {
	case reached > 0:
	case err == nil: // this member is the only peer
		if c.cfg.MustJoin {
			return fmt.Errorf("%w: %q is this member itself", ErrNoPeer, c.cfg.Peers)
		}
	case c.cfg.MustJoin:
		return fmt.Errorf("%w of %q: %w", ErrNoPeer, c.cfg.Peers, err)
	default:
		c.log.Warn("no peer could be joined yet; trying on", "peers", c.cfg.Peers, "error", err)
	}
	if other := c.namesake(); other != nil && c.answersToOurName(ctx, other) {
		return fmt.Errorf("cannot join as %q: %w: %s", c.cfg.Name, ErrNameTaken, other.Address())
	}
	return nil
}

// exchangesAtOnce bounds the peers that are asked at the same time. One that is
// switched off takes Timing.Stream to be given up.
const exchangesAtOnce = 4

// exchange swaps everything known with each address. It gives up waiting when
// the context ends; the exchanges themselves end with their streams' timeout,
// or when the member is closed.
func (c *Cluster) exchange(ctx context.Context, addrs []string) (reached int, err error) {
	places := make(chan struct{}, exchangesAtOnce)
	results := make(chan error, len(addrs))
	c.running.Go(func() {
		for _, addr := range addrs {
			select {
			case places <- struct{}{}:
			case <-ctx.Done():
				return
			}
			c.running.Go(func() {
				defer func() { <-places }()
				_, err := c.engine.Join([]string{addr})
				results <- cause(err)
			})
		}
	})
	var failed []error
	for range addrs {
		select {
		case err := <-results:
			if err != nil {
				failed = append(failed, err)
			}
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return len(addrs) - len(failed), firstOf(failed)
}

// cause takes the one error out of the engine's list, which prints as several
// lines.
func cause(err error) error {
	if list, ok := err.(interface{ WrappedErrors() []error }); ok && len(list.WrappedErrors()) > 0 {
		return list.WrappedErrors()[0]
	}
	return err
}

// firstOf puts several errors into one line.
func firstOf(failed []error) error {
	switch more := len(failed) - 1; {
	case more < 0:
		return nil
	case more == 0:
		return failed[0]
	default:
		return fmt.Errorf("%w (and %d more)", failed[0], more)
	}
}

// peers resolves the peers, without this member itself, and says of each that
// it cannot resolve why not.
func (c *Cluster) peers(ctx context.Context) (addrs []string, failed []error) {
	self := c.Local().Addr
	for _, p := range c.cfg.Peers {
		found, err := resolve(ctx, p)
		if err != nil {
			failed = append(failed, fmt.Errorf("peer %q: %w", p, err))
		}
		for _, a := range found {
			if s := a.String(); s != self && !slices.Contains(addrs, s) {
				addrs = append(addrs, s)
			}
		}
	}
	return addrs, failed
}

// temporary holds for a resolver that cannot answer. That a name does not
// exist is an answer.
func temporary(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && !dns.IsNotFound
}
