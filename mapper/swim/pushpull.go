package swim

import (
	"context"
	"fmt"
)

// maxPushPulls bounds the push-pulls in flight. An address that does not answer
// takes Timing.Stream to time out.
const maxPushPulls = 4

// pushPull exchanges everything known with each address. It returns early when
// the context ends; the push-pulls themselves end with the timeout of their
// streams, or when the member is closed.
func (c *Cluster) pushPull(ctx context.Context, addrs []string) (reached int, err error) {
	inFlight := make(chan struct{}, maxPushPulls)
	results := make(chan error, len(addrs))
	c.running.Go(func() {
		for _, addr := range addrs {
			select {
			case inFlight <- struct{}{}:
			case <-ctx.Done():
				return
			}
			c.running.Go(func() {
				defer func() { <-inFlight }()
				_, err := c.list.Join([]string{addr})
				results <- unwrapOne(err)
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

// pushPullRandom exchanges everything known with one random online member, or
// with a suspect if no member is online.
func (c *Cluster) pushPullRandom(ctx context.Context) {
	some := c.randomOnline(1, "")
	if len(some) == 0 {
		some = c.tableNodes(StatusSuspect)
	}
	if len(some) > 0 {
		_, _ = c.pushPull(ctx, []string{some[0].Addr.String()})
	}
}

// unwrapOne returns the only error in memberlist's list, which prints as several
// lines.
func unwrapOne(err error) error {
	if list, ok := err.(interface{ WrappedErrors() []error }); ok && len(list.WrappedErrors()) > 0 {
		return list.WrappedErrors()[0]
	}
	return err
}

// firstOf returns the first error and says how many more there are.
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
