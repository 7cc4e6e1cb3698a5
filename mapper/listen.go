package mapper

import "context"

// watcherOf makes a Watcher of any source.
func watcherOf(m Mapper) Watcher {
	if w, ok := m.(Watcher); ok {
		return w
	}
	return &Polled{Source: m}
}

// listen watches m in a goroutine, for a wrapper that waits for other things
// too. The channel is closed at the end of the sequence; stop ends the sequence
// and waits for that.
func listen(ctx context.Context, m Mapper) (updates <-chan Update, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	c := make(chan Update)
	go func() {
		defer close(c)
		for u := range watcherOf(m).Watch(ctx) {
			select {
			case c <- u:
			case <-ctx.Done():
				return
			}
		}
	}()
	return c, func() {
		cancel()
		for range c { // until it is closed
		}
	}
}
