// Package swim is a cluster that knows itself: members find each other by
// gossip, notice who fails, and tell each other about themselves. It needs no
// server. A cluster is a mapper.Watcher, so it feeds any scheme:
//
//	cluster, err := swim.Join(ctx, swim.Config{
//		Name:  "10.0.0.1:7946",
//		Peers: []string{"10.0.0.2:7946"},
//	})
//	for u := range cluster.Watch(ctx) { … }
//
// The protocol is SWIM with Lifeguard as hashicorp/memberlist implements it.
// This package adds what that engine keeps to itself or lacks: who is
// suspected and by what right, who left and who failed, metadata of more
// than 512 bytes, quick convergence when many join at once, and an answer to
// peers who send garbage or nothing.
//
// # Status
//
// A member is Online until somebody misses its answers: directly, by TCP and
// by way of others. Then it is Suspect everywhere until it says that it
// lives, which takes one round trip, or until the engine's members agree that
// it failed, which makes it Offline. One that calls Leave is Left. Only
// Offline and Left members stop taking part in placement.
//
// # What happens when
//
// A member that crashes and starts again under its name is the same member
// with new metadata and a greater [Member.Generation]; its status need not
// change. Claims about the earlier process no longer count. No clock decides
// which process is later.
//
// Under a new address it is let in once the old one is offline, and asks until
// then. A name that a living member uses is refused with ErrNameTaken. If two
// with one name start before they can know, the others keep the one that they
// knew first, both log a warning, and the second is let in when the first is
// gone.
//
// Who joins while a member is suspect takes that over from whom it joins by, with
// what is known of the member, and so places keys as the others do. It also hears
// of those that failed or left in the last half minute, and of no earlier ones.
//
// Two halves of a parted network hold each other offline and find each other
// again within a few Timing.Reconnect of the repair: everybody is online again
// as it was before, with what changed meanwhile.
//
// Offline members are forgotten after Timing.Forget, those that left after
// Timing.ForgetLeft and observers that left after ten seconds; Events tells of
// it. When MaxMembers are known, those that were gone the longest make room
// first. Who was forgotten and comes back is a new member.
//
// A process that was stopped or suspended discards what it missed while it
// slept.
//
// # Figures
//
// What is about the protocol is measured in virtual time, where it is no
// matter what else the machine does, on a network in memory whose packets take
// 0.2 ms. Both clusters have 60 members unless it says otherwise, and the same
// loss; plain is memberlist with its default LAN configuration.
//
//	go test ./internal/lab/swimlab -v -run TestFigures -timeout 2h -figures -runs 50
//
//	until all see it                           swim                      plain memberlist
//	59 join one seed at once, 50 runs          p50 0.75 s, max 0.85 s    p50 1.25 s, max 79 s
//	12 in a chain of seeds, 50 runs            p50 0.45 s, max 0.45 s    p50 0.45 s, max 0.65 s
//	a crash, suspect everywhere, 50 runs       p50 1.4 s, max 2.05 s     never shown
//	the same, offline everywhere               p50 8.8 s, max 11.9 s     p50 9.4 s, max 12.4 s
//	a metadata change, 100 of them             p50 0.6 s, p99 0.8 s      p50 1.0 s, p99 1.2 to 57 s
//	the same with 30 % of packets lost         p50 0.6 s, p99 1.6 s      p50 1.0 s, p99 64 s
//	64 KiB of metadata, 20 members, 20 changes p50 0.4 s, max 0.6 s      512 bytes at most
//	10 minutes with 30 % of packets lost       nobody suspect or offline nobody offline
//
// Members look at each other in an order drawn at random: that none of 59 looks
// at one that crashed for two seconds has a chance of 2 in 100,000.
//
// What is about processes and sockets was measured on two CPUs:
//
//	go run ./internal/lab/swimlab -run 'garbage|idle|stop|restart|footprint'
//	FILESYNC_KILLS=500 go test ./mapper/swim/filesync -run KilledWriter
//
//	log lines for 20,000 packets of garbage    5                         4985
//	goroutines for 1,000 idle connections      127, always converged     1000, always converged
//	stopped for 10 s, back everywhere after    0.2 s, others undoubted   0.2 s, others undoubted
//	killed and started again, back after       p50 0.3 s, max 0.5 s      p50 0.45 s, max 0.6 s
//	a member's part of 100 in one process      0.22 % of a CPU, 160 KiB  0.06 % of a CPU, 99 KiB
//	a mirror killed while it writes, 500 times no half file
//
// # Trust
//
// Whoever has the secret can say anything about anybody; a member only always
// corrects what is said about itself. Without the secret nothing is read,
// answered or believed.
//
// Where there is no secret, whoever reaches the port is a member. Addresses are
// taken as they are gossiped, and the engine answers a probe where the probe
// says: such a stranger can make members send packets of up to 1,400 bytes, and
// open streams, to any address. That is why a member without a secret listens
// on loopback unless it is told to be insecure; CIDRsAllowed, which Config.Tune
// can set, bounds where members may be.
//
// Recorded packets can be played back within the engine
// (it has no memory of packets); messages of this package name the state they
// speak of and have no effect twice, and a request for metadata that is played
// again is answered a few times a second at most. Strangers can hold 128 connections for
// two seconds each, and one that has said a byte for Timing.Stream. When all
// are taken, the address that holds the most of them gives one up to another
// that holds fewer (in IPv6, the network of 64 bits), so that it takes many
// addresses to keep members waiting; packets go on in any case.
package swim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/proxenos/proxenos/mapper"
)

var (
	// ErrClosed is returned by a member after Close.
	ErrClosed = errors.New("this member of the cluster is closed")
	// ErrNameTaken is returned by Join if a living member has the name.
	ErrNameTaken = errors.New("the name is taken by a member that is alive")
	// ErrNoPeer is returned by Join if a peer is needed and none let us in:
	// none runs there, or it has another secret or another cluster label.
	ErrNoPeer = errors.New("no peer could be joined")
	// ErrNoSecret is returned by Join if the member would listen beyond loopback
	// without a secret and Config.Insecure is not set.
	ErrNoSecret = errors.New("a member without a secret may listen on loopback only")
)

// Cluster is one member's place in a cluster and its view of the others. All
// methods may be called by several goroutines at once.
type Cluster struct {
	cfg     Config
	log     *slog.Logger
	timing  Timing
	engine  *memberlist.Memberlist
	lines   *engineLog
	keyring *memberlist.Keyring
	allowed func(net.IP) error               // where members may be
	queue   *memberlist.TransmitLimitedQueue // our broadcasts
	asks    asks
	served  recently
	outbox  chan func()

	questions chan message // about others

	mu      sync.Mutex
	book    *book
	round   rota // of looks
	feeds   map[*feed]struct{}
	watched mapper.Feed      // of the nodes, while there are readers
	count   int              // members, for the queue's arithmetic
	clash   *memberlist.Node // claimed our name

	grown    chan struct{} // a member joined
	puzzled  chan struct{} // a member went and nobody knows why
	behind   chan struct{} // metadata was announced that we have not got
	announce chan struct{} // what we show of ourselves changed
	lacking  chan message  // somebody reminds us of changes that we have not got

	rotating sync.Mutex
	leaving  turn // to call memberlist or to leave
	left     bool
	parting  sync.WaitGroup // the engine's goodbye
	closing  sync.Once
	stop     context.CancelFunc
	running  sync.WaitGroup
	closed   chan struct{}
}

// Join starts a member and joins the cluster through the peers. The context
// bounds the join, not the life of the member, which [Cluster.Close] ends.
//
// The error is or wraps [ErrNoPeer], [ErrNameTaken], [ErrNoSecret], a
// *net.DNSError for a peer that does not resolve, or syscall.EADDRINUSE if
// another process listens at the address to bind.
func Join(ctx context.Context, cfg Config) (*Cluster, error) {
	c, err := start(ctx, cfg)
	if err != nil {
		if cfg.Transport != nil {
			_ = cfg.Transport.Shutdown()
		}
		return nil, err
	}
	if err := c.enter(ctx); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// start brings up a member that is alone.
func start(ctx context.Context, cfg Config) (*Cluster, error) {
	cfg, err := cfg.defaulted()
	if err != nil {
		return nil, err
	}
	ring, err := keyring(cfg.Secrets)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	running, stop := context.WithCancel(context.Background())
	c := &Cluster{
		cfg:     cfg,
		log:     cfg.Log,
		lines:   newEngineLog(cfg.Log),
		timing:  cfg.Timing,
		keyring: ring,
		outbox:  make(chan func(), outboxSize),

		questions: make(chan message, maxQuestions),
		book:      newBook(cfg.Name, face{generation: max(1, cfg.Generation), instance: rand.Uint64(), clock: 1, observer: cfg.Observer, metadata: cloneMetadata(cfg.Metadata)}, now),
		feeds:     map[*feed]struct{}{},
		count:     1,
		grown:     make(chan struct{}, 1),
		puzzled:   make(chan struct{}, 1),
		behind:    make(chan struct{}, 1),
		announce:  make(chan struct{}, 1),
		lacking:   make(chan message, 1),
		leaving:   make(turn, 1),
		stop:      stop,
		closed:    make(chan struct{}),
	}
	c.watched.Run = c.publish
	c.queue = &memberlist.TransmitLimitedQueue{NumNodes: c.size, RetransmitMult: cfg.Timing.Retransmit}
	conf, err := c.engineConfig(ctx)
	if err != nil {
		stop()
		return nil, err
	}
	if c.engine, err = memberlist.Create(conf); err != nil {
		stop()
		_ = conf.Transport.Shutdown()
		return nil, fmt.Errorf("cannot start the member: %w", err)
	}
	for _, work := range []func(context.Context){c.check, c.keep, c.seek, c.catchUp, c.show, c.narrate} {
		c.running.Go(func() { work(running) })
	}
	for range senders {
		c.running.Go(func() { c.send(running) })
	}
	for range answerers {
		c.running.Go(func() { c.answerAll(running) })
	}
	return c, nil
}

// engineConfig says how memberlist is to work.
func (c *Cluster) engineConfig(ctx context.Context) (*memberlist.Config, error) {
	conf := memberlist.DefaultLANConfig()
	c.timing.apply(conf)
	conf.Name = c.cfg.Name
	conf.Label = c.cfg.Label
	conf.Keyring = c.keyring
	conf.GossipVerifyIncoming, conf.GossipVerifyOutgoing = true, true
	conf.DeadNodeReclaimTime = time.Second
	conf.EnableCompression = false // it costs 64 KiB and its clearing for each packet, to save some bytes of a few
	conf.Logger = c.lines.logger()
	d := delegate{c}
	conf.Delegate, conf.Events, conf.Alive, conf.Conflict, conf.Ping, conf.Merge = d, d, d, d, d, d

	inner := c.cfg.Transport
	if inner == nil {
		p, err := c.cfg.place(ctx)
		if err != nil {
			return nil, err
		}
		t, err := listen(p.bind, conf.Logger)
		if err != nil {
			return nil, err
		}
		inner = t
		port := t.GetAutoBindPort()
		conf.BindAddr, conf.BindPort, conf.AdvertisePort = p.bind.Addr().String(), port, port
		if p.advertise.IsValid() {
			conf.AdvertiseAddr = p.advertise.Addr().String()
			if p.advertise.Port() != 0 {
				conf.AdvertisePort = int(p.advertise.Port())
			}
		}
	}
	conf.Transport = newGuard(inner)
	if err := c.cfg.tune(conf); err != nil {
		return nil, err
	}
	c.allowed = conf.IPAllowed
	return conf, nil
}

// update changes the book and tells everybody who listens.
func (c *Cluster) update(change func(b *book, now time.Time)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(c.book, time.Now())
	c.count = len(c.book.cards)
	if c.book.unshown {
		c.book.unshown = false
		wake(c.announce)
	}
	if events := c.book.take(); len(events) > 0 {
		for f := range c.feeds {
			f.push(events...)
		}
	}
}

// size returns how many members are known. The queue asks under its own lock.
func (c *Cluster) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// Members returns everybody known, the local member and offline ones
// included, sorted by name.
func (c *Cluster) Members() []Member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.book.members()
}

// Local returns the member itself.
func (c *Cluster) Local() Member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.book.me().member()
}

// Find returns up to n other members with a status of the set, drawn at
// random, without those named. A negative n means all of them.
func (c *Cluster) Find(n int, status Status, exclude ...string) []Member {
	found := slices.DeleteFunc(c.Members(), func(m Member) bool {
		return m.Local || !m.Status.In(status) || slices.Contains(exclude, m.Name)
	})
	rand.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	if n >= 0 && n < len(found) {
		found = found[:n]
	}
	return found
}

// SetMetadata replaces what the member says of itself. It returns at once;
// up to about 450 bytes reach everybody with the gossip, and what is larger
// is announced by it and fetched by each member over TCP. What is over a
// limit is refused and changes nothing.
func (c *Cluster) SetMetadata(metadata map[string][]byte) error {
	if err := checkMetadata(metadata); err != nil {
		return err
	}
	if c.isClosed() {
		return ErrClosed
	}
	metadata = cloneMetadata(metadata)
	c.update(func(b *book, now time.Time) { b.change(metadata, now) })
	return nil
}

// Leave says goodbye, so that the others hold the member left and not failed.
// It returns when the news is out, or with the context's error; either way
// the member is to be closed next.
func (c *Cluster) Leave(ctx context.Context) error {
	c.leaving.take()
	defer c.leaving.release()
	if c.isClosed() {
		return ErrClosed
	}
	if c.left {
		return nil
	}
	c.left = true
	var bye []byte
	var some []memberlist.Node
	c.update(func(b *book, now time.Time) { bye, some = b.part(now).encode(), b.peers(StatusAvailable) })
	c.broadcast(kindLeave, c.cfg.Name, bye)
	rand.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
	for _, to := range some[:min(len(some), goodbyes)] { // ahead of the engine, which cannot tell who left
		_ = c.engine.SendBestEffort(&to, bye)
	}
	gone := make(chan error, 1)
	c.parting.Go(func() { gone <- c.engine.Leave(leaveTimeout) })
	select {
	case err := <-gone:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leaveTimeout bounds how long a goodbye may take to be passed on.
const leaveTimeout = 3 * time.Second

// goodbyes is how many members are told directly.
const goodbyes = 64

// Close ends the member without a goodbye: to the others it failed, unless
// Leave was called. It waits for every goroutine that the member started;
// the engine's own end within a probe's time. Closing again does nothing.
func (c *Cluster) Close() error {
	var err error
	c.closing.Do(func() {
		close(c.closed)
		c.stop()
		c.leaving.take() // no goodbye begins any more
		c.left = true
		c.leaving.release()
		c.parting.Wait() // the engine cannot be stopped in the middle of one
		c.lines.finish()
		err = c.engine.Shutdown()
		c.running.Wait()
	})
	return err
}

func (c *Cluster) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// turn is a mutex whose holder may wait for a timer: in a test in virtual time,
// a goroutine that waits for a channel does not keep the clock from advancing.
type turn chan struct{}

func (t turn) take()    { t <- struct{}{} }
func (t turn) release() { <-t }

// wake leaves a token for a goroutine that waits for work.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
