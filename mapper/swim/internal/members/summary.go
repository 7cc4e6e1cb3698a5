package members

import (
	"maps"
	"slices"
	"time"
)

// A summary goes along with each push-pull. It repeats, for every member, the
// claims that gossip may have lost: its life, and the suspicion or leave message
// if there is one. Each entry is a message after its length.

// maxSummaryEntry bounds one entry: a name, a life and their lengths.
const maxSummaryEntry = maxName + 32

// Summary returns the encoded summary. Its size is bounded by the number of
// members.
func (t *Table) Summary() []byte {
	out := []byte{format}
	for _, name := range slices.Sorted(maps.Keys(t.states)) {
		s := t.states[name]
		if s.life.Generation == 0 {
			continue
		}
		out = appendMessage(out, Message{Kind: KindAlive, Name: name, Life: s.life})
		switch {
		case s.left > 0:
			out = appendMessage(out, Message{Kind: KindLeave, Name: name, Life: s.lifeAt(s.left)})
		case s.status == Suspect:
			out = appendMessage(out, Message{Kind: KindSuspect, Name: name, Life: s.lifeAt(s.suspected)})
		}
	}
	return out
}

func appendMessage(dst []byte, m Message) []byte { return appendBytes(dst, m.Encode()) }

// Merge applies the summary of another member, up to the first entry that
// cannot be read. It returns the refutations to broadcast; other news is not
// passed on, as every member gets it in its own push-pull.
func (t *Table) Merge(summary []byte, now time.Time) (refutations []Message) {
	for _, m := range readSummary(summary) {
		if reply, news := t.claim(m, now); news && reply.Name == t.cfg.Name {
			refutations = append(refutations, reply)
		}
	}
	return refutations
}

func readSummary(b []byte) []Message {
	r := &reader{rest: b}
	if r.byte() != format {
		return nil
	}
	var all []Message
	for len(r.rest) > 0 && r.err == nil && len(all) < 2*MaxMembers {
		m, err := Decode(r.bytes(maxSummaryEntry))
		if err != nil {
			break
		}
		switch m.Kind {
		case KindAlive, KindSuspect, KindLeave:
			all = append(all, m)
		}
	}
	return all
}
