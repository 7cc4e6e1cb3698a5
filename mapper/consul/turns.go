package consul

import (
	"context"
	"sync/atomic"
	"time"
)

// An agent allows a client 200 connections. Beyond waiting questions at once
// the loops take turns, each for crowdedWait.
const (
	waiting     = 100
	crowdedWait = time.Second
)

// turns bounds how many questions a watch has under way: as many plain ones
// as Nodes has, and as many that wait as an agent bears.
type turns struct {
	plain, waits chan struct{}
	loops        atomic.Int32 // how many there are to share them
}

func newTurns() *turns {
	return &turns{plain: make(chan struct{}, parallel), waits: make(chan struct{}, waiting)}
}

// take waits for a turn, shortens a question that others wait behind, and
// reports whether the context still stands.
func (t *turns) take(ctx context.Context, a *ask) (release func(), ok bool) {
	turn := t.plain
	if a.index > 0 {
		turn = t.waits
	}
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		return nil, false
	}
	if t.loops.Load() > waiting {
		a.wait = min(a.wait, crowdedWait)
	}
	return func() { <-turn }, true
}
