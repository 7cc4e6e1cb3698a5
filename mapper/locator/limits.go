package locator

import (
	"net"
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
	setDefault(&l.Idle, time.Minute)
	setDefault(&l.Call, 5*time.Second)
	return l
}

// ServerLimits bounds the connections that strangers can hold of a server. A zero
// field means its default.
//
// When all places are taken, the address that holds most of them gives one up: a
// connection that has sent nothing or, to an address that holds fewer, the oldest.
type ServerLimits struct {
	// Conns is the maximum number of connections: 512 by default.
	Conns int
	// Reserved is how many of them are for members: a quarter by default, and at
	// most Conns. A negative value means none. A host name is looked up when its
	// member joins.
	Reserved int
	// FirstByte is how long a connection may take to send its first byte, to
	// complete the TLS handshake, and then to begin its first message: 2 seconds
	// each by default.
	FirstByte time.Duration
	// Known, if not nil, reports further addresses that the reserved connections
	// are for. It is called for each new connection, from one goroutine.
	Known func(net.Addr) bool
}

func (l ServerLimits) withDefaults() ServerLimits {
	setDefault(&l.Conns, 512)
	setDefault(&l.FirstByte, 2*time.Second)
	if l.Reserved == 0 {
		l.Reserved = l.Conns / 4
	}
	l.Reserved = min(max(l.Reserved, 0), l.Conns)
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
