package swim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
)

// enter joins through the peers for the first time.
func (c *Cluster) enter(ctx context.Context) error {
	if len(c.cfg.Peers) == 0 {
		if c.cfg.MustJoin {
			return fmt.Errorf("%w: no peer is configured", ErrNoPeer)
		}
		return nil
	}
	addrs, failed := c.peers(ctx)
	for _, err := range failed {
		if !isTemporary(err) {
			return err
		}
	}
	reached, err := c.pushPull(ctx, addrs)
	if ctx.Err() != nil {
		return fmt.Errorf("joining %q: %w", c.cfg.Peers, ctx.Err())
	}
	if err != nil && isForeign(err.Error()) {
		err = fmt.Errorf("%w: %w", ErrForeign, err)
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
		c.log.Warn("cannot join any peer yet; retrying", "peers", c.cfg.Peers, "err", err)
	}
	if other := c.takeNamesake(); other != nil && c.isAlive(ctx, *other) {
		return fmt.Errorf("cannot join as %q: %w: %s", c.cfg.Name, ErrNameTaken, other.Addr)
	}
	return nil
}

// protocolVersion is the version of what the delegate sends. memberlist has no
// push-pull with a member whose version is another one, as that of other programs
// is; Serf and Consul have lower ones, and others none. Each side refuses the
// other, so that other programs do not hold members of this package either.
const protocolVersion = 100

// isForeign reports whether a text of memberlist says that it refused a member for
// its protocolVersion.
func isForeign(text string) bool { return strings.Contains(text, "protocol version (") }

// peers resolves the configured peers, except the local member, and returns an
// error for each peer that it cannot resolve.
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

// isTemporary reports whether a resolver could not answer. That a name does not
// exist is an answer.
func isTemporary(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && !dns.IsNotFound
}
