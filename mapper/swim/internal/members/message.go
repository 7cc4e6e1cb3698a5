package members

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Kind is the kind of a message.
type Kind byte

// The kinds of messages, each with the fields that it has besides the name of
// the member that it is about. All are idempotent: a replayed one names a life
// or a version that the receiver already has.
const (
	KindSuspect Kind = iota + 1 // Life: the member failed a probe of the sender
	KindAlive                   // Life: sent by the member itself
	KindLeave                   // Life: sent by the member itself
	KindFetch                   // Version, From: a request for the metadata
	KindData                    // Version, Metadata: the answer
	KindPingReq                 // Nonce, From: a request to probe the member
	KindAck                     // Life, Nonce: the member answered
	KindDigest                  // Life, Changes: sent by the member itself
	KindPing                    // Nonce, From: a ping-req to the member itself, answered by packet
)

// Message is what members send each other besides the messages of memberlist.
type Message struct {
	Kind     Kind
	Name     string
	Life     Life
	Version  Version
	Nonce    uint64
	From     string
	Metadata map[string][]byte
	Changes  []Change
}

// format is the version of the encoding. A message is the format, the kind, the
// name and the fields of the kind. An integer is a uvarint, except that a nonce
// and an instance are eight bytes, big-endian. Text is its length and its bytes.
const format = 2

// Encode returns the message as it is sent.
func (m Message) Encode() []byte {
	b := append(make([]byte, 0, 64), format, byte(m.Kind))
	b = appendBytes(b, []byte(m.Name))
	switch m.Kind {
	case KindSuspect, KindAlive, KindLeave:
		b = appendLife(b, m.Life)
	case KindFetch:
		b = appendBytes(appendVersion(b, m.Version), []byte(m.From))
	case KindData:
		b = appendMetadata(appendVersion(b, m.Version), m.Metadata)
	case KindPingReq, KindPing:
		b = binary.BigEndian.AppendUint64(b, m.Nonce)
		b = appendBytes(b, []byte(m.From))
	case KindAck:
		b = binary.BigEndian.AppendUint64(appendLife(b, m.Life), m.Nonce)
	case KindDigest:
		b = appendChanges(appendLife(b, m.Life), m.Changes)
	}
	return b
}

// Decode reads a message from the network. It allocates no more than the
// message has bytes, and keeps none of them.
func Decode(b []byte) (Message, error) {
	if len(b) > MaxMessage {
		return Message{}, fmt.Errorf("a message of %d bytes, of %d allowed", len(b), MaxMessage)
	}
	r := &reader{rest: b}
	if v := r.byte(); r.err == nil && v != format {
		return Message{}, fmt.Errorf("message format %d, expected %d", v, format)
	}
	m := Message{Kind: Kind(r.byte()), Name: string(r.bytes(maxName))}
	switch m.Kind {
	case KindSuspect, KindAlive, KindLeave:
		m.Life = r.life()
	case KindFetch:
		m.Version, m.From = r.version(), string(r.bytes(maxName))
	case KindData:
		m.Version = r.version()
		var err error
		if m.Metadata, err = r.metadata(); err != nil {
			return Message{}, err
		}
	case KindPingReq, KindPing:
		m.Nonce, m.From = r.uint64(), string(r.bytes(maxName))
	case KindAck:
		m.Life, m.Nonce = r.life(), r.uint64()
	case KindDigest:
		m.Life, m.Changes = r.life(), r.changes()
	default:
		return Message{}, fmt.Errorf("unknown message kind %d", m.Kind)
	}
	if err := r.end(); err != nil {
		return Message{}, err
	}
	return m, CheckName(m.Name)
}

// Reply is what the receiver of a message does next. Each part that is set is
// one action.
type Reply struct {
	Broadcast *Message // gossip this
	To        Node     // send Answer to this member
	Answer    *Message
	Packet    bool   // send Answer as a packet, not by stream
	Probe     bool   // probe the member that the message names; Acked tells From
	Acked     uint64 // the nonce of a ping-req that was answered
	Behind    bool   // push-pull with the member that the message names
}

// Apply changes the table as the message says.
func (m Message) Apply(t *Table, now time.Time) Reply {
	switch m.Kind {
	case KindSuspect, KindAlive, KindLeave:
		if news, ok := t.claim(m, now); ok {
			return Reply{Broadcast: &news}
		}
	case KindFetch:
		if to, data, ok := t.fetch(m, now); ok {
			return Reply{To: to, Answer: &data}
		}
	case KindData:
		t.data(m)
	case KindPingReq:
		return t.pingReq(m)
	case KindPing:
		r := t.pingReq(m)
		return Reply{To: r.To, Answer: r.Answer, Packet: true}
	case KindAck:
		t.alive(m, now)
		return Reply{Acked: m.Nonce}
	case KindDigest:
		return Reply{Behind: t.compare(m, now)}
	}
	return Reply{}
}

// pingReq answers a request to probe a member. The local member answers for
// itself; another one must be probed first. A request from a stranger is
// ignored.
func (t *Table) pingReq(m Message) Reply {
	to, known := t.Node(m.From)
	switch {
	case !known:
		return Reply{}
	case m.Name == t.cfg.Name:
		ack := t.Ack(m)
		return Reply{To: to, Answer: &ack}
	}
	_, known = t.Node(m.Name)
	return Reply{Probe: known}
}

// Ack returns the answer to a ping-req about a member that answered.
func (t *Table) Ack(m Message) Message {
	ack := Message{Kind: KindAck, Name: m.Name, Nonce: m.Nonce}
	if s := t.states[m.Name]; s != nil {
		ack.Life = s.life
	}
	return ack
}
