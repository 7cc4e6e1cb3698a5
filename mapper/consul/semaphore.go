package consul

import (
	"context"
	"sync/atomic"
	"time"
)

// An agent allows a client 200 connections. With more blocking queries than
// maxBlocking the loops take turns, each for crowdedWait.
const (
	maxBlocking = 100
	crowdedWait = time.Second
)

// semaphore bounds how many queries a watch has under way: as many plain ones
// as Nodes sends, and as many blocking ones as an agent allows.
type semaphore struct {
	plain, blocking chan struct{}
	loops           atomic.Int32 // how many share it
}

func newSemaphore() *semaphore {
	return &semaphore{plain: make(chan struct{}, parallel), blocking: make(chan struct{}, maxBlocking)}
}

// acquire waits for a slot, and shortens a blocking query if other loops wait
// for slots too. It reports false if the context ends first.
func (s *semaphore) acquire(ctx context.Context, q *query) (release func(), ok bool) {
	slots := s.plain
	if q.index > 0 {
		slots = s.blocking
	}
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return nil, false
	}
	if s.loops.Load() > maxBlocking {
		q.wait = min(q.wait, crowdedWait)
	}
	return func() { <-slots }, true
}
