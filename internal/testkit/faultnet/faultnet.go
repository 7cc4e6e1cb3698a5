// Package faultnet is a network in memory for tests of gossip, with loss, delay
// and one-way cuts. It works in a testing/synctest bubble, in which an hour of a
// cluster takes seconds. [Lossy] and [Cut] add loss and cuts to other transports.
package faultnet

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/memberlist"
)

// Network connects transports in memory. All methods are safe for concurrent use.
type Network struct {
	mu    sync.Mutex
	draw  *rand.Rand
	loss  float64
	delay time.Duration
	cut   func(from, to string) bool
	hosts map[string]*Transport
	dials map[string]int
	tap   func(Packet)
	each  time.Duration // that a packet takes of the machine that all hosts share
	idle  time.Time     // when that machine has handled all packets
}

// Packet is a packet that was sent.
type Packet struct {
	From, To string
	Data     []byte
}

// New returns a network without loss, in which each packet takes 200 µs. The seed
// determines which packets [Network.SetLoss] loses.
func New(seed uint64) *Network {
	return &Network{
		draw:  rand.New(rand.NewPCG(seed, seed)),
		delay: 200 * time.Microsecond,
		cut:   func(string, string) bool { return false },
		hosts: map[string]*Transport{},
		dials: map[string]int{},
	}
}

// SetLoss sets the share of packets to lose, from 0 to 1. Streams lose nothing.
func (n *Network) SetLoss(share float64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.loss = share
}

// SetCapacity makes all hosts share a machine that handles so many packets a
// second, one after the other. It drops packets that would wait longer than a
// second. A new stream costs as much as streamCost packets, and waits. Zero, the
// default, is no limit.
func (n *Network) SetCapacity(packets int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.each = 0
	if packets > 0 {
		n.each = time.Second / time.Duration(packets)
	}
}

const (
	streamCost = 10
	maxQueued  = time.Second
)

// queued returns how long it takes until the shared machine has handled so many
// more packets.
func (n *Network) queued(packets int) time.Duration {
	now := time.Now()
	if n.idle.Before(now) {
		n.idle = now
	}
	if wait := n.idle.Sub(now); wait > maxQueued {
		return wait
	}
	n.idle = n.idle.Add(time.Duration(packets) * n.each)
	return n.idle.Sub(now)
}

// SetCut sets the function that reports which directions are cut, for packets and
// new streams. Nil cuts none.
func (n *Network) SetCut(cut func(from, to string) bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if cut == nil {
		cut = func(string, string) bool { return false }
	}
	n.cut = cut
}

// Tap sets a function to call with each packet that is sent, lost ones included.
// It must not call the network. Nil calls none.
func (n *Network) Tap(see func(Packet)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tap = see
}

// Inject delivers a packet with any sender.
func (n *Network) Inject(p Packet) {
	n.mu.Lock()
	to := n.hosts[p.To]
	n.mu.Unlock()
	if to != nil {
		to.deliver(p, 0)
	}
}

// Streams returns the number of dials from one address, or from all if the
// address is empty.
func (n *Network) Streams(from string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if from != "" {
		return n.dials[from]
	}
	total := 0
	for _, dials := range n.dials {
		total += dials
	}
	return total
}

// inbox bounds the packets and streams that a transport holds, as the buffer of a
// socket does.
const inbox = 4096

// Transport returns a new transport for the address. It replaces an older one.
func (n *Network) Transport(addr string) *Transport {
	t := &Transport{
		net:     n,
		addr:    netip.MustParseAddrPort(addr),
		packets: make(chan *memberlist.Packet, inbox),
		streams: make(chan net.Conn, inbox),
		down:    make(chan struct{}),
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[addr] = t
	return t
}

// Transport is the transport of one address in a [Network].
type Transport struct {
	net     *Network
	addr    netip.AddrPort
	packets chan *memberlist.Packet
	streams chan net.Conn
	once    sync.Once
	down    chan struct{}
}

var _ memberlist.NodeAwareTransport = (*Transport)(nil)

// FinalAdvertiseAddr returns the address of the transport.
func (t *Transport) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return t.addr.Addr().AsSlice(), int(t.addr.Port()), nil
}

// WriteTo sends a packet.
func (t *Transport) WriteTo(b []byte, addr string) (time.Time, error) {
	return t.WriteToAddress(b, memberlist.Address{Addr: addr})
}

// WriteToAddress sends a packet, which the network may lose.
func (t *Transport) WriteToAddress(b []byte, a memberlist.Address) (time.Time, error) {
	now := time.Now()
	if t.isDown() {
		return now, net.ErrClosed
	}
	t.net.mu.Lock()
	to, lost, delay := t.net.hosts[a.Addr], t.net.draw.Float64() < t.net.loss, t.net.delay
	lost = lost || t.net.cut(t.addr.String(), a.Addr)
	p := Packet{From: t.addr.String(), To: a.Addr, Data: bytes.Clone(b)}
	if t.net.tap != nil {
		t.net.tap(p)
	}
	queued := t.net.queued(1)
	t.net.mu.Unlock()
	if delay += queued; to != nil && !lost && queued <= maxQueued {
		to.deliver(p, delay)
	}
	return now, nil
}

// deliver puts a packet into the inbox, if there is room.
func (t *Transport) deliver(p Packet, delay time.Duration) {
	from := net.UDPAddrFromAddrPort(netip.MustParseAddrPort(p.From))
	time.AfterFunc(delay, func() {
		select {
		case <-t.down:
		case t.packets <- &memberlist.Packet{Buf: bytes.Clone(p.Data), From: from, Timestamp: time.Now()}:
		default:
		}
	})
}

// PacketCh returns the channel of received packets.
func (t *Transport) PacketCh() <-chan *memberlist.Packet { return t.packets }

// StreamCh returns the channel of streams that others opened.
func (t *Transport) StreamCh() <-chan net.Conn { return t.streams }

// DialTimeout opens a stream.
func (t *Transport) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return t.DialAddressTimeout(memberlist.Address{Addr: addr}, timeout)
}

// DialAddressTimeout opens a stream. An address without a transport refuses it;
// over a cut, it times out.
func (t *Transport) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	t.net.mu.Lock()
	t.net.dials[t.addr.String()]++
	to, cut := t.net.hosts[a.Addr], t.net.cut(t.addr.String(), a.Addr) || t.net.cut(a.Addr, t.addr.String())
	queued := t.net.queued(streamCost)
	t.net.mu.Unlock()
	if queued > 0 {
		time.Sleep(queued)
	}
	if cut {
		select {
		case <-time.After(timeout):
		case <-t.down:
		}
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	}
	if to == nil || to.isDown() {
		return nil, refused(a.Addr)
	}
	here, there := net.Pipe()
	select {
	case <-to.down:
		return nil, errors.Join(refused(a.Addr), here.Close(), there.Close())
	case to.streams <- there:
		return here, nil
	}
}

func (t *Transport) isDown() bool {
	select {
	case <-t.down:
		return true
	default:
		return false
	}
}

func refused(addr string) error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("%s: %w", addr, syscall.ECONNREFUSED)}
}

// Shutdown takes the transport off the network.
func (t *Transport) Shutdown() error {
	t.once.Do(func() { close(t.down) })
	return nil
}

// Lossy returns a transport that loses a share of the packets it sends. It calls
// loss before each.
func Lossy(inner memberlist.NodeAwareTransport, loss func() float64) memberlist.NodeAwareTransport {
	return lossy{inner, loss}
}

// Cut returns a transport that reaches only the addresses for which isCut returns
// false. Packets to the others are lost, and streams time out.
func Cut(inner memberlist.NodeAwareTransport, isCut func(addr string) bool) memberlist.NodeAwareTransport {
	return cut{inner, isCut}
}

type cut struct {
	memberlist.NodeAwareTransport
	isCut func(addr string) bool
}

func (c cut) WriteTo(b []byte, addr string) (time.Time, error) {
	return c.WriteToAddress(b, memberlist.Address{Addr: addr})
}

func (c cut) WriteToAddress(b []byte, a memberlist.Address) (time.Time, error) {
	if c.isCut(a.Addr) {
		return time.Now(), nil
	}
	return c.NodeAwareTransport.WriteToAddress(b, a)
}

func (c cut) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return c.DialAddressTimeout(memberlist.Address{Addr: addr}, timeout)
}

func (c cut) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	if c.isCut(a.Addr) {
		time.Sleep(timeout)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	}
	return c.NodeAwareTransport.DialAddressTimeout(a, timeout)
}

type lossy struct {
	memberlist.NodeAwareTransport
	loss func() float64
}

func (l lossy) WriteTo(b []byte, addr string) (time.Time, error) {
	return l.WriteToAddress(b, memberlist.Address{Addr: addr})
}

func (l lossy) WriteToAddress(b []byte, a memberlist.Address) (time.Time, error) {
	if rand.Float64() < l.loss() {
		return time.Now(), nil
	}
	return l.NodeAwareTransport.WriteToAddress(b, a)
}
