//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/proxenos/proxenos/internal/testkit/faultnet"
	"github.com/proxenos/proxenos/mapper/swim"
)

// member is one member of a fleet, of either kind.
type member struct {
	kind    string
	name    string
	addr    string
	members func() int                    // available members, itself included
	status  func(name string) swim.Status // of another member
	value   func(name string) string      // the metadata of another member
	publish func(value string) error      // changes its metadata
	join    func(addr string) error       // of plain members only
	close   func() error
}

// newMember starts a member, which joins through a seed if there is one.
type newMember func(n network, name, seed string) (*member, error)

// network carries the packets of a fleet: over sockets, or in virtual time.
type network struct {
	open func() (memberlist.NodeAwareTransport, error)
	lose func(share float64) // of all packets from now on
}

// overSockets returns a network on loopback, with loss before the sockets.
func overSockets() network {
	var perMille atomic.Uint64
	share := func() float64 { return float64(perMille.Load()) / 1000 }
	return network{
		open: func() (memberlist.NodeAwareTransport, error) {
			t, _, err := transport()
			if err != nil {
				return nil, err
			}
			return faultnet.Lossy(t, share), nil
		},
		lose: func(share float64) { perMille.Store(uint64(share * 1000)) },
	}
}

// transport opens sockets on a free port.
func transport() (memberlist.NodeAwareTransport, int, error) {
	var err error
	for range 10 {
		var t *memberlist.NetTransport
		if t, err = listen(0); err == nil {
			return t, t.GetAutoBindPort(), nil
		} // the port was free for TCP only
	}
	return nil, 0, err
}

// listen opens sockets on a port, or on a free one for 0.
func listen(port int) (*memberlist.NetTransport, error) {
	return memberlist.NewNetTransport(&memberlist.NetTransportConfig{
		BindAddrs: []string{"127.0.0.1"}, BindPort: port, Logger: log.New(io.Discard, "", 0),
	})
}

// valueKey is the metadata key that scenarios change.
const valueKey = "v"

// newSwim starts a member of package swim.
func newSwim(n network, name, seed string) (*member, error) {
	t, err := n.open()
	if err != nil {
		return nil, err
	}
	cfg := swim.Config{Name: name, Transport: t, Log: slog.New(slog.DiscardHandler)}
	if seed != "" {
		cfg.Peers = []string{seed}
	}
	c, err := swim.Join(context.Background(), cfg)
	if err != nil {
		return nil, errors.Join(err, t.Shutdown())
	}
	return swimMember(c), nil
}

func swimMember(c *swim.Cluster) *member {
	find := func(name string) (swim.Member, bool) {
		all := c.Members()
		i := slices.IndexFunc(all, func(m swim.Member) bool { return m.Name == name })
		if i < 0 {
			return swim.Member{}, false
		}
		return all[i], true
	}
	return &member{
		kind:    kindSwim,
		name:    c.Local().Name,
		addr:    c.Local().Addr,
		members: func() int { return len(c.Find(-1, swim.StatusAvailable)) + 1 },
		status: func(name string) swim.Status {
			m, _ := find(name)
			return m.Status
		},
		value: func(name string) string {
			m, _ := find(name)
			return string(m.Metadata[valueKey])
		},
		publish: func(v string) error { return c.SetMetadata(map[string][]byte{valueKey: []byte(v)}) },
		close:   c.Close,
	}
}

// plainDelegate announces metadata as a user of memberlist does.
type plainDelegate struct{ meta atomic.Pointer[[]byte] }

func (d *plainDelegate) NodeMeta(int) []byte           { return *d.meta.Load() }
func (*plainDelegate) NotifyMsg([]byte)                {}
func (*plainDelegate) GetBroadcasts(int, int) [][]byte { return nil }
func (*plainDelegate) LocalState(bool) []byte          { return nil }
func (*plainDelegate) MergeRemoteState([]byte, bool)   {}

// plainMembers keeps what memberlist reports. Its nodes must not be kept, as
// memberlist changes them.
type plainMembers struct {
	mu   sync.Mutex
	meta map[string]string // of those that are up, by name
}

func (b *plainMembers) NotifyJoin(n *memberlist.Node)   { b.set(n) }
func (b *plainMembers) NotifyUpdate(n *memberlist.Node) { b.set(n) }

func (b *plainMembers) NotifyLeave(n *memberlist.Node) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.meta, n.Name)
}

func (b *plainMembers) set(n *memberlist.Node) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.meta[n.Name] = string(n.Meta)
}

func (b *plainMembers) get(name string) (meta string, up bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	meta, up = b.meta[name]
	return meta, up
}

// newPlain starts a member of plain memberlist.
func newPlain(n network, name, seed string) (*member, error) {
	t, err := n.open()
	if err != nil {
		return nil, err
	}
	return plainOn(name, seed, t, io.Discard)
}

func plainOn(name, seed string, t memberlist.NodeAwareTransport, out io.Writer) (*member, error) {
	conf := memberlist.DefaultLANConfig()
	conf.Name, conf.Transport, conf.LogOutput = name, t, out
	d := &plainDelegate{}
	d.meta.Store(&[]byte{})
	known := &plainMembers{meta: map[string]string{}}
	conf.Delegate, conf.Events = d, known
	l, err := memberlist.Create(conf)
	if err != nil {
		return nil, errors.Join(err, t.Shutdown())
	}
	m := plainMember(l, d, known)
	if seed != "" {
		return m, m.join(seed)
	}
	return m, nil
}

func plainMember(l *memberlist.Memberlist, d *plainDelegate, known *plainMembers) *member {
	return &member{
		kind:    kindPlain,
		name:    l.LocalNode().Name,
		addr:    l.LocalNode().Address(),
		members: l.NumMembers,
		status: func(name string) swim.Status {
			if _, up := known.get(name); !up {
				return swim.StatusOffline
			}
			return swim.StatusOnline
		},
		value: func(name string) string {
			meta, _ := known.get(name)
			return meta
		},
		publish: func(v string) error {
			meta := []byte(v)
			d.meta.Store(&meta)
			_ = l.UpdateNode(time.Millisecond) // the timeout ends the wait, not the gossip
			return nil
		},
		join: func(addr string) error {
			_, err := l.Join([]string{addr})
			return err
		},
		close: l.Shutdown,
	}
}

// fleet is a cluster in this process.
type fleet []*member

func (f fleet) close() {
	var closing sync.WaitGroup
	for _, m := range f {
		closing.Go(func() { _ = m.close() })
	}
	closing.Wait()
}

// launch starts n members that all join the first one at once.
func launch(n network, create newMember, size int) (fleet, error) {
	seed, err := create(n, "m0", "")
	if err != nil {
		return nil, err
	}
	f := fleet{seed}
	var mu sync.Mutex
	var joining sync.WaitGroup
	var errs []error
	for i := 1; i < size; i++ {
		joining.Go(func() {
			m, err := create(n, fmt.Sprint("m", i), seed.addr)
			mu.Lock()
			defer mu.Unlock()
			if m != nil {
				f = append(f, m)
			}
			if err != nil {
				errs = append(errs, err)
			}
		})
	}
	joining.Wait()
	return f, errors.Join(errs...)
}

// settled launches a fleet and waits until every member knows all.
func settled(n network, create newMember, size int) (fleet, error) {
	f, err := launch(n, create, size)
	if err != nil {
		return f, err
	}
	if _, err = await(5*time.Minute, func() bool { return f.all(func(m *member) bool { return m.members() == size }) }); err != nil {
		err = fmt.Errorf("%w: %s", err, f.missing())
	}
	return f, err
}

// missing describes which members do not know each other.
func (f fleet) missing() string {
	var lines []string
	for _, m := range f {
		for _, other := range f {
			if s := m.status(other.name); !s.In(swim.StatusAvailable) {
				lines = append(lines, fmt.Sprintf("%s shows %s as %v", m.name, other.name, s))
			}
		}
	}
	return fmt.Sprintf("%d of %d pairs, %v", len(lines), len(f)*len(f), lines[:min(5, len(lines))])
}

func (f fleet) all(holds func(*member) bool) bool {
	return !slices.ContainsFunc(f, func(m *member) bool { return !holds(m) })
}

// pollEvery is the resolution of the times. A shorter one would take CPU time from
// the members.
const pollEvery = 50 * time.Millisecond

// await waits for a condition and returns how long that took.
func await(limit time.Duration, holds func() bool) (time.Duration, error) {
	start := time.Now()
	for !holds() {
		if time.Since(start) > limit {
			return limit, fmt.Errorf("not within %v", limit)
		}
		time.Sleep(pollEvery)
	}
	return time.Since(start), nil
}

// spread formats the median, 99th percentile and maximum of durations.
func spread(d []time.Duration) string {
	if len(d) == 0 {
		return "nothing"
	}
	slices.Sort(d)
	at := func(q float64) time.Duration {
		return d[min(len(d)-1, int(q*float64(len(d))))].Round(10 * time.Millisecond)
	}
	return fmt.Sprintf("p50 %v, p99 %v, max %v of %d", at(0.5), at(0.99), at(1), len(d))
}

// both runs a measurement with each kind of member, each in a network of its own.
func both(o options, one func(network, newMember) (string, error)) (us, plain string, err error) {
	plain, plainErr := one(o.network(), newPlain)
	if plainErr != nil {
		plain = "failed: " + plainErr.Error()
	}
	us, err = one(o.network(), newSwim)
	return us, plain, err
}
