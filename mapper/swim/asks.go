package swim

import (
	"math/rand/v2"
	"sync"
)

// asks are the questions that this member waits to have answered.
type asks struct {
	mu   sync.Mutex
	open map[uint64]chan struct{}
}

// ask opens a question: its number, and what is closed when it is answered.
func (a *asks) ask() (nonce uint64, answer <-chan struct{}) {
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

func (a *asks) answered(nonce uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if done := a.open[nonce]; done != nil {
		close(done)
		delete(a.open, nonce)
	}
}

func (a *asks) forget(nonce uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, nonce)
}
