package swim

import (
	"math/rand/v2"
	"sync"
)

// acks are the indirect probes that this member waits for.
type acks struct {
	mu   sync.Mutex
	open map[uint64]chan struct{}
}

// expect returns the nonce of a new ping-req, and a channel that is closed when
// an ack with that nonce arrives.
func (a *acks) expect() (nonce uint64, acked <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open == nil {
		a.open = map[uint64]chan struct{}{}
	}
	for nonce == 0 || a.open[nonce] != nil {
		nonce = rand.Uint64()
	}
	done := make(chan struct{})
	a.open[nonce] = done
	return nonce, done
}

// arrived notes an ack. One that is not expected proves nothing.
func (a *acks) arrived(nonce uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if done := a.open[nonce]; done != nil {
		close(done)
		delete(a.open, nonce)
	}
}

func (a *acks) cancel(nonce uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, nonce)
}
