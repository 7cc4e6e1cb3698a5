package node

import (
	"github.com/proxenos/proxenos/ring"
)

// preferenceList holds the members of a ring for a key, best first. The replicas
// are computed at once, and the members after them only if a replica fails.
type preferenceList struct {
	p        *placement
	ring     *ring.Ring[Member]
	key      string
	names    []string
	complete bool
}

func (p *placement) preferenceList(r *ring.Ring[Member], key string) *preferenceList {
	return &preferenceList{p: p, ring: r, key: key, names: p.appendReplicas(nil, r, key, p.replicas)}
}

// quorum returns how many members must answer: as many as there are replicas, or
// all members if there are fewer.
func (l *preferenceList) quorum() int { return min(l.p.replicas, l.ring.Len()) }

// at returns the i-th member.
func (l *preferenceList) at(i int) (name string, ok bool) {
	if i == len(l.names) && !l.complete {
		l.names, l.complete = l.p.appendReplicas(nil, l.ring, l.key, l.ring.Len()), true
	}
	if i >= len(l.names) {
		return "", false
	}
	return l.names[i], true
}

// call calls the first members at the same time, and the next member for each
// that fails, until a quorum has succeeded or the list ends. It returns how many
// calls succeeded.
func (l *preferenceList) call(f func(name string) error) (succeeded int) {
	quorum := l.quorum()
	results := make(chan error, quorum)
	next, running := 0, 0
	start := func() {
		if name, ok := l.at(next); ok {
			next++
			running++
			go func() { results <- f(name) }()
		}
	}
	for range quorum {
		start()
	}
	for ; running > 0; running-- {
		switch err := <-results; {
		case err == nil:
			succeeded++
		case succeeded+running-1 < quorum:
			start()
		}
	}
	return succeeded
}
