package swim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/hashicorp/memberlist"
)

// DefaultPort is the port of a peer or a name that has none.
const DefaultPort = 7946

// Config says how to join a cluster. The zero value of every field but Name
// means what its comment says.
type Config struct {
	// Name is unique in the cluster: 1 to 255 bytes of printable text without
	// slashes and not starting with a dot. By custom it is the member's
	// host:port.
	Name string
	// Peers are some members to join by, as host:port; the port may be left
	// out. A peer that does not answer is tried again in the background, so
	// members may start in any order. A host name that does not exist is an
	// error.
	Peers []string
	// MustJoin makes Join fail if none of the peers can be joined.
	MustJoin bool
	// Observer takes no part in placement: it watches.
	Observer bool
	// Metadata is what the member says of itself from the start.
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

	// Advertise is where the others reach this member, as host:port. By
	// default it is the name if that is a host:port, and otherwise where it
	// listens.
	Advertise string
	// Bind is where it listens, UDP and TCP, as host:port with an IP address.
	// Port 0 takes a free one. By default it is the advertised address on
	// loopback and every interface otherwise.
	Bind string

	// Label marks every packet and stream. Members with different labels ignore
	// each other. It is at most 255 bytes and no secret.
	Label string
	// Secrets encrypt and authenticate everything: the first is written with,
	// all are read. Without one the member listens on loopback only.
	Secrets []Secret
	// Insecure allows other interfaces without a secret: whoever can reach
	// the port can then change who owns what.
	Insecure bool

	// Timing is LAN unless set: see LAN, WAN and Local.
	Timing Timing
	// Log receives status changes of members, warnings and the warnings of
	// memberlist, which are rate limited. Nil logs nothing.
	Log *slog.Logger
	// Transport carries the packets instead of sockets of its own. The member
	// shuts it down, and Join does if it fails.
	Transport memberlist.NodeAwareTransport
	// Tune changes the engine's configuration last, for what has no field
	// here. The delegates, the name and the transport must stay, or Join fails.
	Tune func(*memberlist.Config)
}

// defaulted checks the configuration and fills in what was left out.
func (cfg Config) defaulted() (Config, error) {
	if cfg.Name == "" {
		return cfg, errors.New("this member needs a name: set the host:port that others reach it by")
	}
	if err := checkName(cfg.Name); err != nil {
		return cfg, err
	}
	if err := checkMetadata(cfg.Metadata); err != nil {
		return cfg, err
	}
	if cfg.Generation >= maxGeneration {
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
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	for _, p := range cfg.Peers {
		if _, _, err := splitAddr(p); err != nil {
			return cfg, fmt.Errorf("peer %q: %w", p, err)
		}
	}
	return cfg, nil
}

// tune lets the caller change the engine's configuration, but for what this
// package rests on.
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
	return errors.Join(errors.New("the name, transport and delegates of the engine are not for Tune to change: set Name and Transport in the Config, and follow Events"), before.Transport.Shutdown())
}

func (t Timing) check() error {
	for _, d := range []time.Duration{t.Probe, t.ProbeTimeout, t.Gossip, t.PushPull, t.Stream, t.Check, t.Settle, t.Reconnect, t.Forget, t.ForgetLeft} {
		if d < time.Millisecond {
			return errors.New("every duration of the timing must be a millisecond or more: start from LAN, WAN or Local")
		}
	}
	if t.GossipNodes <= 0 || t.Retransmit <= 0 || t.SuspicionMult <= 0 || t.IndirectChecks < 0 {
		return errors.New("every number of the timing must be above zero: start from LAN, WAN or Local")
	}
	return nil
}

// place is where a member listens and where others reach it.
type place struct {
	bind      netip.AddrPort
	advertise netip.AddrPort // zero: where it listens
}

// place finds out where to listen, and refuses to be reachable without a
// secret.
func (cfg Config) place(ctx context.Context) (place, error) {
	var p place
	advertise := cfg.Advertise
	if _, _, err := net.SplitHostPort(cfg.Name); advertise == "" && err == nil {
		advertise = cfg.Name
	}
	if advertise != "" {
		addrs, err := resolve(ctx, advertise)
		if err != nil {
			return p, fmt.Errorf("cannot advertise %q: %w", advertise, err)
		}
		p.advertise = addrs[0]
	}
	switch {
	case cfg.Bind != "":
		var err error
		if p.bind, err = parseBind(cfg.Bind); err != nil {
			return p, err
		}
	case !p.advertise.IsValid():
		return p, fmt.Errorf("cannot tell where to listen: the name %q is no host:port, so set where to bind or what to advertise", cfg.Name)
	case p.advertise.Addr().IsLoopback():
		p.bind = p.advertise
	default:
		p.bind = netip.AddrPortFrom(netip.IPv4Unspecified(), p.advertise.Port())
	}
	if !p.bind.Addr().IsLoopback() && len(cfg.Secrets) == 0 && !cfg.Insecure {
		return p, fmt.Errorf("cannot listen on %s: %w", p.bind, ErrNoSecret)
	}
	return p, nil
}

func parseBind(text string) (netip.AddrPort, error) {
	host, port, err := splitAddr(text)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("cannot bind %q: %w", text, err)
	}
	if host == "" {
		return netip.AddrPortFrom(netip.IPv4Unspecified(), port), nil
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("cannot bind %q: the host must be an IP address", text)
	}
	return netip.AddrPortFrom(ip.Unmap(), port), nil
}

// splitAddr reads host:port, host, [v6]:port or [v6].
func splitAddr(text string) (host string, port uint16, err error) {
	host, digits, err := net.SplitHostPort(text)
	if err != nil {
		var bare *net.AddrError
		if !errors.As(err, &bare) || bare.Err != "missing port in address" {
			return "", 0, fmt.Errorf("not host:port: %w", err)
		}
		host, digits, err = net.SplitHostPort(net.JoinHostPort(trimBrackets(text), strconv.Itoa(DefaultPort)))
		if err != nil {
			return "", 0, fmt.Errorf("not host:port: %w", err)
		}
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("port %q is no number up to 65535", digits)
	}
	return host, uint16(n), nil
}

func trimBrackets(host string) string {
	if len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']' {
		return host[1 : len(host)-1]
	}
	return host
}

// resolve finds the addresses of a host:port, IPv4 ones first.
func resolve(ctx context.Context, text string) ([]netip.AddrPort, error) {
	host, port, err := splitAddr(text)
	if err != nil {
		return nil, err
	}
	if host == "" {
		return nil, errors.New("the host is missing")
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var v4, v6 []netip.AddrPort
	for _, ip := range ips {
		if ip = ip.Unmap(); ip.Is4() {
			v4 = append(v4, netip.AddrPortFrom(ip, port))
		} else {
			v6 = append(v6, netip.AddrPortFrom(ip, port))
		}
	}
	return append(v4, v6...), nil
}
