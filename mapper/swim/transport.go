package swim

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/proxenos/proxenos/internal/connlimit"
)

// streamLimits bound what strangers can hold. memberlist gives every connection
// a goroutine and ten seconds.
var streamLimits = connlimit.Limits{Connections: 160, FirstByte: 2 * time.Second, Reserved: 32}

// transport wraps the transport of memberlist. It limits the streams of others,
// and closes streams and dials on shutdown, so that the goroutines of memberlist
// end soon after the member.
type transport struct {
	memberlist.NodeAwareTransport
	streams  chan net.Conn
	limiter  *connlimit.Limiter
	dialing  context.Context
	cancel   context.CancelFunc
	pumping  sync.WaitGroup
	shutdown chan struct{} // closed when the shutdown begins

	mu   sync.Mutex
	own  map[*ownStream]struct{} // streams that this member opened
	shut bool
}

// newTransport wraps a transport. isMember reports the addresses for which streams
// are reserved.
func newTransport(inner memberlist.NodeAwareTransport, isMember func(net.Addr) bool) *transport {
	limits := streamLimits
	limits.Known = isMember
	ctx, cancel := context.WithCancel(context.Background())
	t := &transport{
		NodeAwareTransport: inner,
		streams:            make(chan net.Conn),
		limiter:            connlimit.New(limits),
		dialing:            ctx,
		cancel:             cancel,
		shutdown:           make(chan struct{}),
		own:                map[*ownStream]struct{}{},
	}
	t.pumping.Go(t.pump)
	return t
}

// portAttempts is how often listen tries to find a port that is free for TCP and
// UDP.
const portAttempts = 10

// listen opens a TCP and a UDP socket at one port. With port 0, the kernel picks
// a port that is free for TCP; as it may be taken for UDP, listen retries.
func listen(bind netip.AddrPort, l *log.Logger) (*memberlist.NetTransport, error) {
	attempts := 1
	if bind.Port() == 0 {
		attempts = portAttempts
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

// pump passes accepted streams to memberlist until the shutdown.
func (t *transport) pump() {
	for {
		select {
		case conn := <-t.NodeAwareTransport.StreamCh():
			s, ok := t.limiter.Admit(conn)
			if !ok {
				_ = conn.Close()
				continue
			}
			select {
			case t.streams <- s:
			case <-t.shutdown:
				_ = s.Close()
			}
		case <-t.dialing.Done():
			return
		}
	}
}

// StreamCh returns the channel of streams that others opened.
func (t *transport) StreamCh() <-chan net.Conn { return t.streams }

// DialTimeout opens a stream.
func (t *transport) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return t.DialAddressTimeout(memberlist.Address{Addr: addr}, timeout)
}

// DialAddressTimeout opens a stream. A shutdown ends it, although memberlist's
// interface has no context.
func (t *transport) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	if _, real := t.NodeAwareTransport.(*memberlist.NetTransport); real {
		d := net.Dialer{Timeout: timeout}
		conn, err := d.DialContext(t.dialing, "tcp", a.Addr)
		if err != nil {
			return nil, err
		}
		return t.track(conn, timeout)
	}
	conn, err := t.NodeAwareTransport.DialAddressTimeout(a, timeout)
	if err != nil {
		return nil, err
	}
	return t.track(conn, timeout)
}

// track remembers a stream that this member opened, to close it on shutdown. It
// sets a deadline, which memberlist does not do for user messages: a peer that
// is stopped does not read.
func (t *transport) track(conn net.Conn, timeout time.Duration) (net.Conn, error) {
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		_ = conn.Close()
		return nil, err
	}
	s := &ownStream{Conn: conn, transport: t}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shut {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	t.own[s] = struct{}{}
	return s, nil
}

// Shutdown closes all streams and the wrapped transport. That one waits until
// the packets and streams that it accepted are received, so Shutdown receives
// them: memberlist may never have run.
func (t *transport) Shutdown() error {
	for _, s := range t.beginShutdown() {
		_ = s.Close()
	}
	t.limiter.Close()
	ended := make(chan struct{})
	t.pumping.Go(func() { t.discardPackets(ended) })
	err := t.NodeAwareTransport.Shutdown()
	close(ended)
	t.cancel()
	t.pumping.Wait()
	return err
}

// beginShutdown returns the streams to close.
func (t *transport) beginShutdown() []*ownStream {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.shut {
		close(t.shutdown)
	}
	t.shut = true
	streams := make([]*ownStream, 0, len(t.own))
	for s := range t.own {
		streams = append(streams, s)
	}
	return streams
}

func (t *transport) discardPackets(ended <-chan struct{}) {
	for {
		select {
		case <-t.PacketCh():
		case <-ended:
			return
		}
	}
}

// ownStream is a stream that this member opened.
type ownStream struct {
	net.Conn
	transport *transport
}

func (s *ownStream) Close() error {
	s.transport.mu.Lock()
	delete(s.transport.own, s)
	s.transport.mu.Unlock()
	return s.Conn.Close()
}
