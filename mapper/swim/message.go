package swim

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// What members tell each other beside the engine's own messages. Every
// message starts with the version of the format and its kind. All are
// idempotent: a replayed one names a life or a version that the receiver
// already has.
//
// An integer is a uvarint, except that a nonce and an instance are eight bytes,
// big-endian. Text is its length and its bytes. A life is a generation, an
// instance and an incarnation.
const format = 2

type kind byte

const (
	kindSuspect kind = iota + 1 // name, life: a probe of the member failed
	kindAlive                   // name, life: sent by the member itself
	kindLeave                   // name, life: sent by the member itself
	kindFetch                   // name, generation, clock, from: send me this metadata
	kindData                    // name, generation, clock, metadata
	kindAsk                     // name, nonce, from: do you see this member?
	kindVouch                   // name, life, nonce: I do
	kindKnown                   // name, life, reminders: sent by the member itself
)

// life names one state of one member. The generation counts the starts of its
// process, the incarnation how often this process refuted a false claim. The
// instance is a random number of the process: two processes may claim one
// generation until the second learns of the first.
type life struct{ generation, instance, incarnation uint64 }

// process returns the life without its incarnation.
func (l life) process() life { l.incarnation = 0; return l }

// message is any of them; a kind uses the fields it names.
type message struct {
	kind     kind
	name     string
	life     life
	clock    uint64
	nonce    uint64
	from     string
	metadata map[string][]byte

	reminders []reminder
}

func (m message) encode() []byte {
	b := append(make([]byte, 0, 64), format, byte(m.kind))
	b = appendBytes(b, []byte(m.name))
	switch m.kind {
	case kindSuspect, kindAlive, kindLeave:
		b = appendLife(b, m.life)
	case kindFetch:
		b = binary.AppendUvarint(b, m.life.generation)
		b = binary.AppendUvarint(b, m.clock)
		b = appendBytes(b, []byte(m.from))
	case kindData:
		b = binary.AppendUvarint(b, m.life.generation)
		b = binary.AppendUvarint(b, m.clock)
		b = appendMetadata(b, m.metadata)
	case kindAsk:
		b = binary.BigEndian.AppendUint64(b, m.nonce)
		b = appendBytes(b, []byte(m.from))
	case kindVouch:
		b = appendLife(b, m.life)
		b = binary.BigEndian.AppendUint64(b, m.nonce)
	case kindKnown:
		b = appendReminders(appendLife(b, m.life), m.reminders)
	}
	return b
}

// decode reads what the network brought. It allocates no more than the
// message has bytes, and keeps none of them.
func decode(b []byte) (message, error) {
	r := &reader{rest: b}
	if v := r.byte(); r.err == nil && v != format {
		return message{}, fmt.Errorf("message format %d, expected %d", v, format)
	}
	m := message{kind: kind(r.byte()), name: string(r.bytes(maxName))}
	switch m.kind {
	case kindSuspect, kindAlive, kindLeave:
		m.life = r.life()
	case kindFetch:
		m.life.generation, m.clock, m.from = r.uvarint(), r.uvarint(), string(r.bytes(maxName))
	case kindData:
		m.life.generation, m.clock = r.uvarint(), r.uvarint()
		var err error
		if m.metadata, err = r.metadata(); err != nil {
			return message{}, err
		}
	case kindAsk:
		m.nonce, m.from = r.uint64(), string(r.bytes(maxName))
	case kindVouch:
		m.life, m.nonce = r.life(), r.uint64()
	case kindKnown:
		m.life, m.reminders = r.life(), r.reminders()
	default:
		return message{}, fmt.Errorf("unknown message kind %d", m.kind)
	}
	if err := r.end(); err != nil {
		return message{}, err
	}
	return m, checkName(m.name)
}

// face is what a member shows of itself in the engine's own node metadata,
// which the engine carries to everybody and limits to 512 bytes. Metadata
// that fits travels in it; of the rest it holds a digest, and the others ask.
type face struct {
	instance   uint64
	generation uint64
	clock      uint64
	observer   bool
	digest     [digestSize]byte
	metadata   map[string][]byte // nil: to be asked for
}

// life returns the first life of the process that shows this.
func (f face) life() life { return life{f.generation, f.instance, 1} }

const (
	faceObserver = 1 << iota
	faceInline
)

func (f face) encode(limit int) []byte {
	full := appendMetadata(nil, f.metadata)
	head := func(flags byte) []byte {
		if f.observer {
			flags |= faceObserver
		}
		b := append(make([]byte, 0, limit), format, flags)
		b = binary.AppendUvarint(b, f.generation)
		b = binary.BigEndian.AppendUint64(b, f.instance)
		return binary.AppendUvarint(b, f.clock)
	}
	if b := append(head(faceInline), full...); len(b) <= limit {
		return b
	}
	sum := digest(full)
	return append(head(0), sum[:]...)
}

// decodeFace reads another member's node metadata.
func decodeFace(b []byte) (face, error) {
	r := &reader{rest: b}
	if v := r.byte(); r.err == nil && v != format {
		return face{}, fmt.Errorf("metadata format %d, expected %d", v, format)
	}
	flags := r.byte()
	f := face{generation: r.uvarint(), instance: r.uint64(), clock: r.uvarint(), observer: flags&faceObserver != 0}
	if f.generation > maxGeneration || f.clock > maxClock {
		return face{}, errors.New("the generation or the clock is out of range")
	}
	if flags&faceInline != 0 {
		var err error
		f.digest = digest(r.rest)
		if f.metadata, err = r.metadata(); err != nil {
			return face{}, err
		}
		return f, nil
	}
	copy(f.digest[:], r.take(digestSize))
	return f, r.end()
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

func appendReminders(dst []byte, all []reminder) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(all)))
	for _, one := range all {
		dst = appendBytes(dst, []byte(one.name))
		dst = binary.AppendUvarint(dst, one.version.generation)
		dst = binary.AppendUvarint(dst, one.version.clock)
	}
	return dst
}

func appendLife(dst []byte, l life) []byte {
	dst = binary.AppendUvarint(dst, l.generation)
	dst = binary.BigEndian.AppendUint64(dst, l.instance)
	return binary.AppendUvarint(dst, l.incarnation)
}

// reader reads fields until one is missing; then it holds the error and reads
// zeros.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) take(n int) []byte {
	if r.err == nil && n > len(r.rest) {
		r.err = errTruncated
	}
	if r.err != nil {
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	if r.err != nil {
		return 0
	}
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.err = errTruncated
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// bytes reads a length and that many bytes, which alias the message.
func (r *reader) bytes(limit int) []byte {
	n := r.uvarint()
	if r.err == nil && n > uint64(limit) {
		r.err = fmt.Errorf("a field of %d bytes, of %d allowed", n, limit)
	}
	if r.err != nil {
		return nil
	}
	return r.take(int(n))
}

func (r *reader) life() life {
	return life{generation: r.uvarint(), instance: r.uint64(), incarnation: r.uvarint()}
}

func (r *reader) reminders() []reminder {
	n := r.uvarint()
	if r.err == nil && n > maxReminders {
		r.err = fmt.Errorf("%d reminders, of %d allowed", n, maxReminders)
	}
	var all []reminder
	for i := uint64(0); i < n && r.err == nil; i++ {
		one := reminder{name: string(r.bytes(maxName)), version: version{r.uvarint(), r.uvarint()}}
		if r.err != nil {
			break
		}
		if r.err = checkName(one.name); r.err == nil && one.version.clock > maxClock {
			r.err = errors.New("the clock is out of range")
		}
		all = append(all, one)
	}
	return all
}

// end refuses what follows the last field.
func (r *reader) end() error {
	if r.err == nil && len(r.rest) > 0 {
		r.err = fmt.Errorf("%d bytes too many", len(r.rest))
	}
	return r.err
}
