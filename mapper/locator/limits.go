package locator

import (
	"time"

	"github.com/apache/thrift/lib/go/thrift"
)

// Limits bounds what one peer can make this process hold or wait for. A zero
// field means its default.
type Limits struct {
	// Message is the greatest size of a message in bytes: 4 MiB by default.
	Message int
	// Elements is the greatest length of a list: 65,536 by default.
	Elements int
	// Conns is how many connections a server holds at once: 512 by default.
	// It closes those beyond at once.
	Conns int
	// Idle is how long a server waits for the next message: 1 minute by default.
	Idle time.Duration
	// Call bounds the time to read or write a message, and a whole call on the
	// side of the client: 5 seconds by default.
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

// protocol returns the protocol of 2009 over a transport. Reading without
// strict headers accepts old ones as well as strict ones.
func (l Limits) protocol(t *transport) thrift.TProtocol {
	return thrift.NewTBinaryProtocolConf(t, &thrift.TConfiguration{
		MaxMessageSize:     int32(l.Message),
		MaxContainerSize:   int32(l.Elements),
		TBinaryStrictRead:  new(false),
		TBinaryStrictWrite: new(true),
	})
}
