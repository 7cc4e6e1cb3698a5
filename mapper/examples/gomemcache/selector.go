// Package gomemcache lets github.com/bradfitz/gomemcache choose servers by a
// mapper.View.
//
//	view, err := mapper.Follow(ctx, source, rendezvous.Build)
//	client := memcache.NewFromSelector(gomemcache.New(view))
//
// The selector of gomemcache itself takes the CRC-32 of the key modulo the number
// of servers, so that almost every key moves when a server joins or leaves, and
// its servers have no weights. With this one only the keys of that server move.
// Clients in other languages agree if the view is built by the layout of their
// library:
//
//	build := ring.BuildWith(ring.Config[mapper.Node]{ID: mapper.Node.Address, Layout: ring.Ketama(ring.KetamaWeighted)})
//	view, err := mapper.Follow(ctx, source, build)
//
// # When a server dies
//
// Requests for its keys fail until the source reports that the server is gone; all
// other keys are served as before. Then its keys are misses on the servers that
// own them next. A selector sees only the key, not the failure of a request, so
// gomemcache cannot try another server; treat an error as a miss. A source that
// loses servers by mistake would empty a cache: wrap it in a mapper.Guard.
//
// The package is small. Import it, or copy the file and adapt it.
package gomemcache

import (
	"iter"
	"net"
	"strings"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/proxenos/proxenos/mapper"
)

// Placement is what a view is built of: a set or table of package rendezvous, a
// ring, or a map of package ring/slots, over nodes.
type Placement interface {
	Select(key string) (mapper.Node, bool)
	All() iter.Seq[mapper.Node]
}

// Selector implements [memcache.ServerSelector]. It is safe for concurrent use.
type Selector[T Placement] struct{ view *mapper.View[T] }

var _ memcache.ServerSelector = (*Selector[Placement])(nil)

// New returns the selector of a view. The address of each node is that of its
// server: host:port, or "unix:" and the path of a socket.
func New[T Placement](view *mapper.View[T]) *Selector[T] { return &Selector[T]{view} }

// PickServer returns the address of the server that owns the key, or
// [memcache.ErrNoServers]. It does not resolve host names: gomemcache does when it
// connects.
func (s *Selector[T]) PickServer(key string) (net.Addr, error) {
	n, ok := s.view.Value().Select(key)
	if !ok {
		return nil, memcache.ErrNoServers
	}
	return addressOf(n), nil
}

// Each calls f for every server until f returns an error. Drained servers are
// among them, so that FlushAll also empties servers that are about to leave.
func (s *Selector[T]) Each(f func(net.Addr) error) error {
	for n := range s.view.Value().All() {
		if err := f(addressOf(n)); err != nil {
			return err
		}
	}
	return nil
}

// address is comparable, because GetMulti groups keys by address.
type address struct{ network, text string }

func addressOf(n mapper.Node) net.Addr {
	if path, ok := strings.CutPrefix(n.Address(), "unix:"); ok {
		return address{"unix", path}
	}
	return address{"tcp", n.Address()}
}

// Network returns tcp or unix.
func (a address) Network() string { return a.network }

// String returns what to dial.
func (a address) String() string { return a.text }
