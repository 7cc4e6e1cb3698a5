package ring

// Lease is the right to give a node one more thing to do. It is a value: copies
// are the same lease, and the zero Lease is one that was released. It is safe
// for any number of goroutines.
type Lease[N any] struct {
	node     N
	balancer *Balancer[N]
	ticket   uint32
	serial   uint64
}

// Node returns the node the lease is on.
func (l Lease[N]) Node() N { return l.node }

// Release gives the lease back. It returns false, and changes nothing, if this
// lease or a copy of it was released before.
func (l Lease[N]) Release() bool {
	if l.balancer == nil {
		return false
	}
	return l.balancer.release(l.ticket, l.serial)
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

// ledger knows which leases are held. Its tickets are used again and again, so
// it allocates only when more leases are held than ever before; the serial,
// which is not, tells a lease from those that had the ticket earlier.
type ledger struct {
	tickets []ticket
	free    []uint32
	serial  uint64
}

type ticket struct {
	serial uint64 // 0 while nobody has it
	load   *load
}

// enter hands out a ticket for a lease on a load.
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

// leave takes a ticket back and returns its load, or nil if another lease has
// it or none.
func (l *ledger) leave(number uint32, serial uint64) *load {
	t := l.tickets[number]
	if t.serial != serial {
		return nil
	}
	l.tickets[number] = ticket{}
	l.free = append(l.free, number)
	return t.load
}
