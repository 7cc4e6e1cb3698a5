package ring

import "io"

// Lease is a unit of load on a node, from [Balancer.Acquire]. Copies are the same
// lease, and the zero Lease is released. It is safe for concurrent use.
type Lease[N any] struct {
	node     N
	balancer *Balancer[N]
	ticket   uint32
	serial   uint64
}

// Node returns the node that the lease is on.
func (l Lease[N]) Node() N { return l.node }

// Release returns the lease. It reports whether the lease was held: releasing it
// or a copy of it again changes nothing.
func (l Lease[N]) Release() bool {
	if l.balancer == nil {
		return false
	}
	return l.balancer.release(l.ticket, l.serial)
}

// ReleaseOnClose returns a body that also releases the lease when it is closed, such as
// that of an HTTP response, which uses the node until then. The caller closes it in
// place of the given one. It is an [io.Writer] if that is one: the body of a response
// that switches protocols is.
func (l Lease[N]) ReleaseOnClose(body io.ReadCloser) io.ReadCloser {
	leased := leasedBody[N]{body, l}
	if w, ok := body.(io.Writer); ok {
		return struct {
			leasedBody[N]
			io.Writer
		}{leased, w}
	}
	return leased
}

// leasedBody holds a lease until it is closed.
type leasedBody[N any] struct {
	io.ReadCloser
	lease Lease[N]
}

// Close closes the body and releases the lease, even if closing fails.
func (b leasedBody[N]) Close() error {
	defer b.lease.Release()
	return b.ReadCloser.Close()
}

func (b *Balancer[N]) release(ticket uint32, serial uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.ledger.leave(ticket, serial)
	if l == nil {
		return false
	}
	l.held--
	if !l.departed {
		b.held--
	}
	return true
}

// ledger records which leases are held. Tickets are reused, so it allocates only
// when more leases are held than ever before. Serials are not reused and tell a
// lease from earlier ones with the same ticket.
type ledger struct {
	tickets []ticket
	free    []uint32
	serial  uint64
}

type ticket struct {
	serial uint64 // of the lease; 0 if the ticket is free
	load   *load
}

// enter issues a ticket for a lease on a load.
func (l *ledger) enter(to *load) (number uint32, serial uint64) {
	l.serial++
	if last := len(l.free) - 1; last >= 0 {
		number, l.free = l.free[last], l.free[:last]
	} else {
		number = uint32(len(l.tickets))
		l.tickets = append(l.tickets, ticket{})
	}
	l.tickets[number] = ticket{l.serial, to}
	return number, l.serial
}

// leave frees a ticket and returns its load, or nil if the ticket is free or
// belongs to another lease.
func (l *ledger) leave(number uint32, serial uint64) *load {
	t := l.tickets[number]
	if t.serial != serial {
		return nil
	}
	l.tickets[number] = ticket{}
	l.free = append(l.free, number)
	return t.load
}
