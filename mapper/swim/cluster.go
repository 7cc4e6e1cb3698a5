package swim

import (
	"cmp"
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
	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

var (
	// ErrClosed is returned by the methods of a member after [Cluster.Close].
	ErrClosed = errors.New("the member is closed")
	// ErrNameTaken is returned by [Join] if a running member has the name. A member
	// that finds so later closes, and [Cluster.Err] returns this error.
	ErrNameTaken = errors.New("the name is taken by a running member")
	// ErrNoPeer is returned by [Join] if Config.MustJoin is set and no peer
	// accepted the member: none runs there, or it has another secret or label.
	ErrNoPeer = errors.New("no peer could be joined")
	// ErrForeign is returned by [Join], with ErrNoPeer, if a peer runs memberlist
	// without this package, such as one of Serf or Consul.
	ErrForeign = errors.New("not a member of package swim, as all members of a cluster must be")
	// ErrNoSecret is returned by [Join] if the member would listen beyond loopback
	// without a secret and Config.Insecure is not set.
	ErrNoSecret = errors.New("a member without a secret may listen on loopback only")
)

// Cluster is the local member and its view of the others. All methods are safe
// for concurrent use.
type Cluster struct {
	cfg     Config
	log     *slog.Logger
	timing  Timing
	list    *memberlist.Memberlist
	lines   *listLog
	keyring *memberlist.Keyring
	allowed func(net.IP) error               // whether a member may have the address
	queue   *memberlist.TransmitLimitedQueue // of our broadcasts
	acks    acks
	load    load
	outbox  chan func()

	mu        sync.Mutex
	table     *members.Table
	consumers map[*eventQueue]struct{}
	watched   mapper.Feed   // of the nodes, while there are readers
	namesake  *members.Node // claimed our name
	cause     error         // why the member closed itself

	// Wake-ups and work for the loops.
	grown     chan struct{}        // a member joined
	unsettled chan struct{}        // other members may know more
	missing   chan struct{}        // announced metadata is missing
	announce  chan struct{}        // the local node meta changed
	ahead     chan members.Message // a digest with changes that this member lacks
	pingReqs  chan members.Message // about other members

	rotating sync.Mutex
	leaving  semaphore // held to leave, and to call what memberlist must not do after it
	left     bool
	parting  sync.WaitGroup // memberlist's leave
	closing  sync.Once
	stop     context.CancelFunc
	running  sync.WaitGroup
	closed   chan struct{}
}

// Join starts a member and joins the cluster through the peers. The context
// bounds the join, not the life of the member, which [Cluster.Close] ends.
//
// The error is or wraps [ErrNoPeer], [ErrForeign], [ErrNameTaken], [ErrNoSecret], a
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

// start starts a member that knows only itself.
func start(ctx context.Context, cfg Config) (*Cluster, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	c, err := newCluster(cfg)
	if err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(context.Background())
	c.stop = stop
	conf, err := c.listConfig(ctx)
	if err != nil {
		stop()
		return nil, err
	}
	if c.list, err = memberlist.Create(conf); err != nil {
		stop()
		_ = conf.Transport.Shutdown()
		return nil, fmt.Errorf("cannot start the member: %w", err)
	}
	loops := []func(context.Context){c.probeLoop, c.maintain, c.reconnectLoop, c.fetchLoop, c.announceLoop, c.logEvents}
	loops = append(loops, slices.Repeat([]func(context.Context){c.sendLoop}, senders)...)
	loops = append(loops, slices.Repeat([]func(context.Context){c.proberLoop}, indirectProbers)...)
	for _, loop := range loops {
		c.running.Go(func() { loop(running) })
	}
	return c, nil
}

func newCluster(cfg Config) (*Cluster, error) {
	ring, err := keyring(cfg.Secrets)
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		cfg:       cfg,
		log:       cfg.Log,
		lines:     newListLog(cfg.Log),
		timing:    cfg.Timing,
		keyring:   ring,
		outbox:    make(chan func(), outboxSize),
		table:     members.New(cfg.tableConfig(), time.Now()),
		consumers: map[*eventQueue]struct{}{},
		grown:     make(chan struct{}, 1),
		unsettled: make(chan struct{}, 1),
		missing:   make(chan struct{}, 1),
		announce:  make(chan struct{}, 1),
		ahead:     make(chan members.Message, 1),
		pingReqs:  make(chan members.Message, maxIndirectQueue),
		leaving:   make(semaphore, 1),
		closed:    make(chan struct{}),
	}
	c.watched.Run = c.publish
	c.queue = &memberlist.TransmitLimitedQueue{NumNodes: c.size, RetransmitMult: cfg.Timing.Retransmit}
	return c, nil
}

func (cfg Config) tableConfig() members.Config {
	return members.Config{
		Name: cfg.Name,
		Meta: members.NodeMeta{
			Generation: max(1, cfg.Generation),
			Instance:   rand.Uint64(),
			Clock:      1,
			Observer:   cfg.Observer,
			Metadata:   members.CloneMetadata(cfg.Metadata),
		},
		Limit:        cfg.maxMembers,
		DigestWindow: cfg.Timing.digestWindow(),
		Refetch:      cfg.Timing.refetch(),
		ReapOffline:  cfg.Timing.ReapOffline,
		ReapLeft:     cfg.Timing.ReapLeft,
	}
}

// listConfig returns the configuration of memberlist, with open sockets unless
// the caller has a transport.
func (c *Cluster) listConfig(ctx context.Context) (*memberlist.Config, error) {
	conf := memberlist.DefaultLANConfig()
	c.timing.apply(conf)
	conf.Name = c.cfg.Name
	conf.Label = c.cfg.Label
	conf.Keyring = c.keyring
	conf.GossipVerifyIncoming, conf.GossipVerifyOutgoing = true, true
	conf.DeadNodeReclaimTime = time.Second
	conf.DelegateProtocolMin, conf.DelegateProtocolVersion, conf.DelegateProtocolMax = protocolVersion, protocolVersion, protocolVersion
	conf.EnableCompression = false // it clears 64 KiB for each packet, to save a few bytes
	conf.Logger = c.lines.logger()
	d := delegate{c}
	conf.Delegate, conf.Events, conf.Alive, conf.Conflict, conf.Ping, conf.Merge = d, d, d, d, d, d

	inner := c.cfg.Transport
	if inner == nil {
		t, err := c.cfg.open(ctx, conf)
		if err != nil {
			return nil, err
		}
		inner = t
	}
	conf.Transport = newTransport(inner, c.isMemberAddr)
	if err := c.cfg.tune(conf); err != nil {
		return nil, err
	}
	c.allowed = conf.IPAllowed
	return conf, nil
}

// update changes the table and publishes the events.
func (c *Cluster) update(change func(t *members.Table, now time.Time)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(c.table, time.Now())
	if c.table.TakeUnpublished() {
		wake(c.announce)
	}
	if c.table.NameTaken() && c.cause == nil {
		c.cause = fmt.Errorf("%w: %w", ErrClosed, ErrNameTaken)
		c.log.Error("another running process has the name of this member; closing this one", "name", c.cfg.Name)
		go c.Close() //nolint:errcheck // the cause is the error
	}
	for _, e := range c.table.Take() {
		if e.Restarted && e.Member.Local { // whether the other process runs, the others know
			wake(c.unsettled)
		}
		event := newEvent(e)
		for q := range c.consumers {
			q.push(event)
		}
	}
}

// size returns how many members are known. The broadcast queue calls it under
// its own lock.
func (c *Cluster) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.Len()
}

// Members returns all known members sorted by name, the local one and offline
// ones included.
func (c *Cluster) Members() []Member {
	c.mu.Lock()
	all := c.table.Members()
	c.mu.Unlock()
	list := make([]Member, len(all))
	for i, m := range all {
		list[i] = newMember(m)
	}
	return list
}

// Local returns the local member.
func (c *Cluster) Local() Member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return newMember(c.table.Local())
}

// Find returns up to n random members with a status of the set, without the
// local member and the excluded names. A negative n returns all of them.
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

// SetMetadata replaces what the member announces about itself. It returns at
// once. Up to about 450 bytes travel in the gossip; larger metadata is announced
// there, and each member fetches it over TCP. Metadata that exceeds a limit is
// refused and changes nothing.
func (c *Cluster) SetMetadata(metadata map[string][]byte) error {
	if err := members.CheckMetadata(metadata); err != nil {
		return err
	}
	if err := c.Err(); err != nil {
		return err
	}
	metadata = members.CloneMetadata(metadata)
	c.update(func(t *members.Table, now time.Time) { t.SetMetadata(metadata, now) })
	return nil
}

// Done returns a channel that is closed when the member closes: by
// [Cluster.Close], or because another process has its name.
func (c *Cluster) Done() <-chan struct{} { return c.closed }

// Err returns nil while the member runs, and an error that is or wraps
// [ErrClosed] afterwards. It wraps [ErrNameTaken] too if the member closed
// because another running process has its name.
func (c *Cluster) Err() error {
	if !c.isClosed() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return cmp.Or(c.cause, ErrClosed)
}

func (c *Cluster) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// wake leaves a token for a goroutine that waits for work.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
