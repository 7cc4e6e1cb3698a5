package members

import (
	"maps"
	"time"
)

// Metadata that does not fit into the node meta is announced there by its
// digest. Each member then requests it, from the member itself or from others.

// Request is metadata to request: the message, and how often it was requested
// before.
type Request struct {
	Message Message
	Attempt int
}

// Requests returns the requests for announced metadata that is missing and due,
// and counts them as sent. The pauses between the requests for one member grow.
func (t *Table) Requests(now time.Time) []Request {
	var due []Request
	for _, s := range t.states {
		if s.local || !s.heldUp() || !s.held.before(s.announced) {
			continue
		}
		if now.Sub(s.requested) < t.cfg.Refetch*time.Duration(min(s.requests, 8)) {
			continue
		}
		s.requested, s.requests = now, s.requests+1
		due = append(due, Request{
			Message: Message{Kind: KindFetch, Name: s.name, Version: s.announced, From: t.cfg.Name},
			Attempt: s.requests,
		})
	}
	return due
}

// fetch answers a request for metadata of any member. The answer goes to a
// member that is known, never to an address from a packet.
func (t *Table) fetch(m Message, now time.Time) (to Node, data Message, ok bool) {
	to, known := t.Node(m.From)
	s := t.states[m.Name]
	if !known || s == nil || s.metadata == nil || s.held.before(m.Version) {
		return Node{}, Message{}, false
	}
	if !t.served.first(answer{m.From, m.Name, m.Version}, now, t.cfg.Refetch/2) {
		return Node{}, Message{}, false
	}
	return to, Message{Kind: KindData, Name: s.name, Version: s.held, Metadata: s.metadata}, true
}

// data takes over requested metadata if it is what the member announced.
func (t *Table) data(m Message) (accepted bool) {
	s := t.states[m.Name]
	if s == nil || s.local || m.Version != s.announced || !s.held.before(m.Version) {
		return false
	}
	if digestOf(appendMetadata(nil, m.Metadata)) != s.digest {
		return false
	}
	t.hold(s, m.Version, m.Metadata)
	return true
}

// answer identifies an answer to a request.
type answer struct {
	to, about string
	version   Version
}

// served remembers recent answers. A request is a small packet that can be
// recorded and replayed, and its answer has up to MaxMetadata bytes.
type served map[answer]time.Time

// first reports whether the answer was not given within the time before now.
func (r *served) first(a answer, now time.Time, within time.Duration) bool {
	maps.DeleteFunc(*r, func(_ answer, at time.Time) bool { return now.Sub(at) >= within })
	if _, again := (*r)[a]; again {
		return false
	}
	if *r == nil {
		*r = served{}
	}
	(*r)[a] = now
	return true
}
