package swim

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// The engine gives every connection a goroutine and ten seconds. A guard
// bounds what strangers can hold: so many connections at all, and so long
// without a first byte. When all places are taken, whoever holds the most of
// them makes room: with the connection that has been silent the longest, or,
// for somebody who holds fewer, with its oldest. So one address can fill the
// places, but not keep them from others, and a cluster that is all behind one
// address can have all of them.
const (
	maxStreams = 128
	firstByte  = 2 * time.Second
)

// guard is a transport around a transport. It also ends dials and open
// connections when it is shut down, so that the engine's goroutines do not
// outlive the member for long.
type guard struct {
	memberlist.NodeAwareTransport
	streams chan net.Conn
	dialing context.Context
	hangUp  context.CancelFunc
	pumping sync.WaitGroup
	ending  chan struct{} // closed when the shutdown begins

	mu      sync.Mutex
	open    map[*stream]struct{}
	inbound []*stream // of those, what others opened, oldest first
	shut    bool
}

func newGuard(inner memberlist.NodeAwareTransport) *guard {
	ctx, cancel := context.WithCancel(context.Background())
	g := &guard{
		NodeAwareTransport: inner,
		streams:            make(chan net.Conn),
		dialing:            ctx,
		hangUp:             cancel,
		ending:             make(chan struct{}),
		open:               map[*stream]struct{}{},
	}
	g.pumping.Go(g.pump)
	return g
}

// listen opens a TCP and a UDP socket at one port. With port 0, the kernel picks
// a port that is free for TCP; as it may be taken for UDP, listen retries.
func listen(bind netip.AddrPort, l *log.Logger) (*memberlist.NetTransport, error) {
	attempts := 1
	if bind.Port() == 0 {
		attempts = 10
	}
	var err error
	for range attempts {
		var t *memberlist.NetTransport
		t, err = memberlist.NewNetTransport(&memberlist.NetTransportConfig{
			BindAddrs: []string{bind.Addr().String()},
			BindPort:  int(bind.Port()),
			Logger:    l,
		})
		if err == nil {
			return t, nil
		}
	}
	return nil, fmt.Errorf("cannot listen on %s: %w", bind, bindError(bind, err))
}

// bindError returns the error of the kernel behind an error of memberlist, which
// keeps only its text. It binds the address again to see it.
func bindError(bind netip.AddrPort, err error) error {
	tcp, tcpErr := net.Listen("tcp", bind.String())
	udp, udpErr := net.ListenPacket("udp", bind.String())
	if tcpErr == nil {
		tcpErr = tcp.Close()
	}
	if udpErr == nil {
		udpErr = udp.Close()
	}
	return cmp.Or(tcpErr, udpErr, err)
}

// pump moves accepted connections to the engine until it is shut down.
func (g *guard) pump() {
	for {
		select {
		case conn := <-g.NodeAwareTransport.StreamCh():
			s, ok := g.take(conn)
			if !ok {
				_ = conn.Close()
				continue
			}
			select {
			case g.streams <- s:
			case <-g.ending:
				_ = s.Close()
			}
		case <-g.dialing.Done():
			return
		}
	}
}

// take gives the connection a place, if there is one or somebody makes room.
func (g *guard) take(conn net.Conn) (*stream, bool) {
	s := &stream{Conn: conn, guard: g, from: origin(conn.RemoteAddr())}
	g.mu.Lock()
	out, ok := g.room(s.from)
	if g.shut || !ok {
		g.mu.Unlock()
		return nil, false
	}
	g.open[s] = struct{}{}
	g.inbound = append(g.inbound, s)
	s.alarm = time.AfterFunc(firstByte, func() { s.expire() })
	g.mu.Unlock()
	if out != nil {
		_ = out.Close()
	}
	return s, true
}

// room says whether there is a place for a connection from there, and who has
// to give it up if all are taken.
func (g *guard) room(from string) (out *stream, ok bool) {
	if len(g.inbound) < maxStreams {
		return nil, true
	}
	places, most := map[string]int{}, 0
	for _, s := range g.inbound {
		places[s.from]++
		most = max(most, places[s.from])
	}
	for _, s := range g.inbound {
		if places[s.from] < most {
			continue
		}
		if !s.spoken {
			return s, true
		}
		if out == nil {
			out = s
		}
	}
	return out, most > places[from]+1
}

// origin is what connections are counted by: an address, or the network of 64
// bits that one host of IPv6 may have for itself.
func origin(a net.Addr) string {
	addr, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return a.String()
	}
	ip := addr.Addr().Unmap()
	if ip.Is4() {
		return ip.String()
	}
	network, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return ip.String()
	}
	return network.String()
}

func (g *guard) StreamCh() <-chan net.Conn { return g.streams }

func (g *guard) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return g.DialAddressTimeout(memberlist.Address{Addr: addr}, timeout)
}

// DialAddressTimeout dials so that a shutdown ends the dial: the engine's
// interface has no context.
func (g *guard) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	if _, real := g.NodeAwareTransport.(*memberlist.NetTransport); real {
		d := net.Dialer{Timeout: timeout}
		conn, err := d.DialContext(g.dialing, "tcp", a.Addr)
		if err != nil {
			return nil, err
		}
		return g.own(conn, timeout)
	}
	conn, err := g.NodeAwareTransport.DialAddressTimeout(a, timeout)
	if err != nil {
		return nil, err
	}
	return g.own(conn, timeout)
}

// own remembers a connection that this member opened, to close it at the end.
// It sets a deadline, which the engine does not do for user messages: a peer
// that is stopped does not read.
func (g *guard) own(conn net.Conn, timeout time.Duration) (net.Conn, error) {
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		_ = conn.Close()
		return nil, err
	}
	s := &stream{Conn: conn, guard: g}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	g.open[s] = struct{}{}
	return s, nil
}

// Shutdown closes every connection and the transport. That waits until somebody
// took what has come in, so the guard does: the engine may never have run.
func (g *guard) Shutdown() error {
	g.mu.Lock()
	if !g.shut {
		close(g.ending)
	}
	g.shut = true
	open := make([]*stream, 0, len(g.open))
	for s := range g.open {
		open = append(open, s)
	}
	g.mu.Unlock()
	for _, s := range open {
		_ = s.Close()
	}
	ended := make(chan struct{})
	g.pumping.Go(func() { g.discard(ended) })
	err := g.NodeAwareTransport.Shutdown() // while pump takes what the listener hands over
	close(ended)
	g.hangUp()
	g.pumping.Wait()
	return err
}

// discard takes packets that nobody is to read.
func (g *guard) discard(ended <-chan struct{}) {
	for {
		select {
		case <-g.PacketCh():
		case <-ended:
			return
		}
	}
}

// stream is a connection that knows whether it has said anything.
type stream struct {
	net.Conn
	guard  *guard
	from   string      // its origin, if it is inbound
	alarm  *time.Timer // ends its silence, if it is inbound
	spoken bool
}

func (s *stream) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	if n > 0 && s.alarm != nil {
		s.speak()
	}
	return n, err
}

// speak notes that the stream is not one of the silent.
func (s *stream) speak() {
	s.guard.mu.Lock()
	defer s.guard.mu.Unlock()
	s.spoken = true
	s.alarm.Stop()
}

// expire closes a stream that never said anything.
func (s *stream) expire() {
	s.guard.mu.Lock()
	spoken := s.spoken
	s.guard.mu.Unlock()
	if !spoken {
		_ = s.Close()
	}
}

func (s *stream) Close() error {
	g := s.guard
	g.mu.Lock()
	delete(g.open, s)
	if i := slices.Index(g.inbound, s); i >= 0 {
		g.inbound = slices.Delete(g.inbound, i, i+1)
		s.alarm.Stop()
	}
	g.mu.Unlock()
	return s.Conn.Close()
}
