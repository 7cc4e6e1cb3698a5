package locator

import (
	"time"

	"github.com/apache/thrift/lib/go/thrift"
)

// Limits bounds the memory and time that a peer can cost. A zero field means its
// default.
type Limits struct {
	// Message is the maximum size of a message in bytes: 4 MiB by default.
	Message int
	// Elements is the maximum length of a list: 65,536 by default.
	Elements int
	// Conns is the maximum number of connections of a server: 512 by default.
	// It closes further connections at once.
	Conns int
	// Idle is how long a server waits for the next message of a connection: 1
	// minute by default.
	Idle time.Duration
	// Call bounds the time to read or to write one message and, for a client,
	// the whole call: 5 seconds by default.
	Call time.Duration
}

func (l Limits) withDefaults() Limits {
	setDefault(&l.Message, 4<<20)
	setDefault(&l.Elements, 1<<16)
	setDefault(&l.Conns, 512)
	setDefault(&l.Idle, time.Minute)
	setDefault(&l.Call, 5*time.Second)
	return l
}

func setDefault[T int | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// protocol returns the protocol of 2009 over a transport. It reads messages with
// and without strict headers.
func (l Limits) protocol(t *transport) thrift.TProtocol {
	return thrift.NewTBinaryProtocolConf(t, &thrift.TConfiguration{
		MaxMessageSize:     int32(l.Message),
		MaxContainerSize:   int32(l.Elements),
		TBinaryStrictRead:  new(false),
		TBinaryStrictWrite: new(true),
	})
}
