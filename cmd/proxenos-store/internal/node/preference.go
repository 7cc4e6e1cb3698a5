package node

import (
	"github.com/proxenos/proxenos/ring"
)

// preferenceList holds the members of a ring for a key, best first. The replicas
// are computed at once, and the members after them only if a replica fails. Its
// calls go to each member once.
type preferenceList struct {
	p        *placement
	ring     *ring.Ring[Member]
	key      string
	names    []string
	complete bool
	called   int
}

func (p *placement) preferenceList(r *ring.Ring[Member], key string) *preferenceList {
	return &preferenceList{p: p, ring: r, key: key, names: p.appendReplicas(nil, r, key, p.replicas)}
}

// quorum returns how many members must answer: as many as there are replicas, or
// all members if there are fewer.
func (l *preferenceList) quorum() int { return min(l.p.replicas, l.ring.Len()) }

// next returns the member to call next.
func (l *preferenceList) next() (name string, ok bool) {
	if l.called == len(l.names) && !l.complete {
		l.names, l.complete = l.p.appendReplicas(nil, l.ring, l.key, l.ring.Len()), true
	}
	if l.called >= len(l.names) {
		return "", false
	}
	l.called++
	return l.names[l.called-1], true
}

// call calls the next members at the same time, and another member for each that
// fails, until as many as wanted have succeeded or the list ends. It returns how
// many calls succeeded.
func (l *preferenceList) call(want int, f func(name string) error) (succeeded int) {
	results := make(chan error, want)
	running := 0
	start := func() {
		if name, ok := l.next(); ok {
			running++
			go func() { results <- f(name) }()
		}
	}
	for range want {
		start()
	}
	for ; running > 0; running-- {
		switch err := <-results; {
		case err == nil:
			succeeded++
		case succeeded+running-1 < want:
			start()
		}
	}
	return succeeded
}
