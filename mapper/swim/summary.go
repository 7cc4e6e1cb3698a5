package swim

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"
)

// A summary repeats, for every member, the news that gossip may have lost:
// its life, and the suspicion or goodbye if there is one. Each entry is a
// message behind its length.

// summary returns what this member knows of every life. Its size is bounded
// by the number of members.
func (b *book) summary() []byte {
	out := []byte{format}
	for _, name := range slices.Sorted(maps.Keys(b.cards)) {
		c := b.cards[name]
		if c.life.generation == 0 {
			continue
		}
		out = appendMessage(out, message{kind: kindAlive, name: name, life: c.life})
		switch {
		case c.left > 0:
			out = appendMessage(out, message{kind: kindLeave, name: name, life: c.lifeAt(c.left)})
		case c.status == StatusSuspect:
			out = appendMessage(out, message{kind: kindSuspect, name: name, life: c.lifeAt(c.suspected)})
		}
	}
	return out
}

func appendMessage(dst []byte, m message) []byte { return appendBytes(dst, m.encode()) }

// maxSummaryEntry bounds one message of a summary: a name, a life and their
// lengths.
const maxSummaryEntry = maxName + 32

// readSummary returns the messages of a summary, up to the first that cannot
// be read.
func readSummary(b []byte) []message {
	r := &reader{rest: b}
	if r.byte() != format {
		return nil
	}
	var all []message
	for len(r.rest) > 0 && r.err == nil && len(all) < 2*MaxMembers {
		m, err := decode(r.bytes(maxSummaryEntry))
		if err != nil {
			break
		}
		switch m.kind {
		case kindAlive, kindSuspect, kindLeave:
			all = append(all, m)
		}
	}
	return all
}

// mergeSummary takes over what another member knew. News is not passed on:
// every member gets it by an exchange of its own.
func (c *Cluster) mergeSummary(b []byte) {
	all := readSummary(b)
	if len(all) == 0 {
		return
	}
	var say []message
	c.update(func(b *book, now time.Time) {
		for _, m := range all {
			if reply, news := b.hear(m, now); news && reply.name == b.self {
				say = append(say, reply)
			}
		}
	})
	for _, m := range say {
		c.broadcast(m.kind, m.name, m.encode())
	}
}

// hear takes a message about a life and returns what is to be told, if
// anything.
func (b *book) hear(m message, now time.Time) (reply message, news bool) {
	if m.name == b.self {
		b.supersede(m.life, 0, now)
	}
	switch m.kind {
	case kindSuspect:
		return b.suspicion(m, now)
	case kindLeave:
		return b.goodbye(m, now)
	case kindAlive:
		return m, b.alive(m, now)
	}
	return message{}, false
}

// broadcast queues news for the gossip. Newer news of the same kind about the
// same member takes its place.
func (c *Cluster) broadcast(k kind, name string, encoded []byte) {
	c.queue.QueueBroadcast(news{key: string(binary.AppendUvarint(nil, uint64(k))) + name, encoded: encoded})
}
