package node

import (
	"github.com/proxenos/proxenos/ring"
)

// line is the members of a ring for a key, best first. The first ones are
// worked out at once, the others only when one of these does not answer.
type line struct {
	p     *placement
	ring  *ring.Ring[Member]
	key   string
	names []string
	whole bool
}

func (p *placement) line(r *ring.Ring[Member], key string) *line {
	return &line{p: p, ring: r, key: key, names: p.names(nil, r, key, p.replicas)}
}

// want is how many members are to be reached: as many as there are replicas, or
// all where there are fewer.
func (l *line) want() int { return min(l.p.replicas, l.ring.Len()) }

// at returns the i-th member.
func (l *line) at(i int) (name string, ok bool) {
	if i == len(l.names) && !l.whole {
		l.names, l.whole = l.p.names(nil, l.ring, l.key, l.ring.Len()), true
	}
	if i >= len(l.names) {
		return "", false
	}
	return l.names[i], true
}

// reach calls the first members of a line, at the same time, and for each that
// fails the next one, until enough have succeeded or nobody is left. It returns
// how many have.
func (l *line) reach(call func(name string) error) (good int) {
	want := l.want()
	results := make(chan error, want)
	next, running := 0, 0
	more := func() {
		if name, ok := l.at(next); ok {
			next++
			running++
			go func() { results <- call(name) }()
		}
	}
	for range want {
		more()
	}
	for ; running > 0; running-- {
		switch err := <-results; {
		case err == nil:
			good++
		case good+running-1 < want:
			more()
		}
	}
	return good
}
