package swim

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/proxenos/proxenos/internal/hostport"
	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

// DefaultPort is the port of a peer or a name that has none.
const DefaultPort = 7946

// Config configures a member. The zero value of every field but Name is valid.
type Config struct {
	// Name is unique in the cluster: 1 to 255 bytes of printable text, without
	// slashes, not starting with a dot. By custom it is the host:port of the
	// member.
	Name string
	// Peers are some members to join through, each host:port or host. Peers that
	// do not answer are tried again in the background, so members may start in
	// any order. A host name that does not exist is an error.
	Peers []string
	// MustJoin makes Join fail if it reaches none of the peers.
	MustJoin bool
	// Observer excludes the member from placement: it only watches.
	Observer bool
	// Metadata is what the member announces about itself from the start.
	Metadata map[string][]byte
	// Generation is the least generation to start with; zero means 1. It orders
	// the processes that ran under one name, so that claims about an earlier one
	// never count for a later one, whatever the clocks of their machines say.
	//
	// A member that learns of another process under its name takes the
	// generation after that one's: at the latest in Join, if the peer remembers
	// the name. So a program without a data file leaves this zero. A program with
	// one stores the generation of [Cluster.Local] after Join, and again after
	// each [Event] of the local member that says Restarted, and starts with the
	// stored number plus one; its generation then grows even if no member that
	// remembers the name is left.
	Generation uint64

	// Advertise is the host:port at which the others reach this member. The
	// default is Name if that is a host:port, and otherwise where the member
	// listens. Port 0 means the port at which it listens.
	Advertise string
	// Bind is the host:port at which the member listens, UDP and TCP; the host is
	// an IP address. Port 0 means any free port. The default is the advertised
	// address if that is on loopback, and its port on every interface otherwise.
	Bind string

	// Label marks every packet and stream: members with different labels ignore
	// each other. It has at most 255 bytes and is not a secret.
	Label string
	// Secrets encrypt and authenticate all traffic. The first one encrypts; each
	// of them decrypts. Without a secret, the member may listen on loopback only.
	Secrets []Secret
	// Insecure allows a member without a secret to listen on other interfaces.
	// Any host that reaches the port can then change the placement.
	Insecure bool

	// Timing is that of [LAN] by default; see also [WAN] and [Local].
	Timing Timing
	// Log receives the status changes of members, warnings, and the warnings of
	// memberlist. Lines that can repeat are rate limited: the status changes beyond
	// are summed up in a line every ten seconds. Nil logs nothing.
	Log *slog.Logger
	// Transport replaces the sockets of the member, which shuts it down. Join
	// shuts it down if it fails.
	Transport memberlist.NodeAwareTransport
	// Tune changes the configuration of memberlist last, for settings without a
	// field here. Join fails if it changes the name, the delegates or the
	// transport.
	Tune func(*memberlist.Config)

	// For tests.
	maxMembers int                           // 0 means MaxMembers
	lateness   func(time.Time) time.Duration // of a timer that was to fire then; nil is time.Since
}

// withDefaults checks the configuration and fills in the defaults.
func (cfg Config) withDefaults() (Config, error) {
	if cfg.Name == "" {
		return cfg, errors.New("this member needs a name: set the host:port at which others reach it")
	}
	if err := members.CheckName(cfg.Name); err != nil {
		return cfg, err
	}
	if err := members.CheckMetadata(cfg.Metadata); err != nil {
		return cfg, err
	}
	if cfg.Generation >= members.MaxGeneration {
		return cfg, fmt.Errorf("the generation %d is too large", cfg.Generation)
	}
	if len(cfg.Label) > memberlist.LabelMaxSize {
		return cfg, fmt.Errorf("the label has %d bytes, of %d allowed", len(cfg.Label), memberlist.LabelMaxSize)
	}
	if cfg.Timing == (Timing{}) {
		cfg.Timing = LAN()
	}
	if err := cfg.Timing.check(); err != nil {
		return cfg, err
	}
	if cfg.lateness == nil {
		cfg.lateness = time.Since
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	for _, p := range cfg.Peers {
		if _, _, err := hostport.Split(p, DefaultPort); err != nil {
			return cfg, fmt.Errorf("peer %q: %w", p, err)
		}
	}
	return cfg, nil
}

// tune calls Config.Tune and refuses changes of what this package relies on.
func (cfg Config) tune(conf *memberlist.Config) error {
	if cfg.Tune == nil {
		return nil
	}
	before := *conf
	cfg.Tune(conf)
	switch {
	case conf.Name != before.Name:
	case conf.Transport != before.Transport:
	case conf.Delegate != before.Delegate, conf.Events != before.Events, conf.Alive != before.Alive:
	case conf.Conflict != before.Conflict, conf.Ping != before.Ping, conf.Merge != before.Merge:
	default:
		return nil
	}
	return errors.Join(errors.New("the function Tune must not change the name, the transport or the delegates: set Config.Name and Config.Transport, and use Cluster.Events"), before.Transport.Shutdown())
}

func (t Timing) check() error {
	for _, d := range []time.Duration{t.Probe, t.ProbeTimeout, t.Gossip, t.PushPull, t.Stream, t.Check, t.Settle, t.Reconnect, t.ReapOffline, t.ReapLeft} {
		if d < time.Millisecond {
			return errors.New("every duration of the timing must be a millisecond or more: start with LAN, WAN or Local")
		}
	}
	if t.GossipNodes <= 0 || t.Retransmit <= 0 || t.SuspicionMult <= 0 || t.IndirectChecks < 0 {
		return errors.New("every number of the timing must be above zero: start with LAN, WAN or Local")
	}
	return nil
}
