package mapper

import "time"

// alarm is a timer that may be unset; it never fires then.
type alarm struct {
	c <-chan time.Time
	t *time.Timer
}

func (a *alarm) set(d time.Duration) {
	a.stop()
	a.t = time.NewTimer(d)
	a.c = a.t.C
}

func (a *alarm) stop() {
	if a.t != nil {
		a.t.Stop()
	}
	a.t, a.c = nil, nil
}
