package locator

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/netip"
	"time"

	"github.com/proxenos/proxenos/mapper"
)

// Config describes a node of a network. The zero Config starts a network on the
// loopback interface, at any free port, and locates no keys.
type Config struct {
	// Host is the address to listen on: 127.0.0.1 by default. "::" and
	// "0.0.0.0" mean every interface.
	Host string
	// Port is the port to listen on, at most 65535. Zero means any free port
	// or, if First is set, the first free port from there.
	Port int
	// First, if not zero, has a Port of zero try the 40 ports from First on.
	// Programs that use [Discover] set it to [FirstPort]. It is at most 65496.
	First int
	// Advertise is the host at which other nodes reach this one. The default is
	// Host or, if that means every interface, the address that the machine's
	// host name resolves to. It is part of the name of the node, so it must
	// stay the same across restarts.
	Advertise string
	// Peer is the host:port of a member whose network to join. If it is empty,
	// the node starts a network.
	Peer string

	// Services are the names of the services of the handler, from the most
	// basic to its own. The default is locator.Base and locator.Locator.
	Services []string
	// Algorithm decides which node owns a key. If it is nil, get_node fails.
	Algorithm Algorithm
	// Added, if not nil, is called after a call has added a member: the place to
	// hand data over to it. The peer that called waits for it.
	Added func(ctx context.Context, node mapper.Node)
	// Leaving, if not nil, is called before this node leaves, when it is no
	// longer in its own list but still in the others': the place to hand data
	// over. It reports whether it has announced the leave to a member.
	Leaving func(ctx context.Context) (announced bool)

	// Legacy restricts the node to the calls of 2009, for networks that rely on
	// the exact sequence of calls. It then rejects ports above 32767.
	Legacy bool
	// Trust lists the networks that members may be in. The default is loopback
	// if the node listens there, and otherwise the private networks and
	// loopback, without link-local addresses. The metadata services of clouds
	// are in no trusted network, whatever it lists.
	Trust []netip.Prefix
	// AllowDie and AllowDebug enable the calls die and debug. Any peer that can
	// connect can make them.
	AllowDie, AllowDebug bool
	// TLS, if not nil, secures the connections of peers. Call.TLS secures those
	// to peers.
	TLS *tls.Config
	// Limits bounds the connections of the server.
	Limits ServerLimits
	// Call configures calls to other nodes. Its Limits apply to the server, too.
	Call CallConfig
	// Refresh is the interval at which the node compares its list with that of a
	// random member, which repairs lost calls. The default is 5 seconds; a
	// negative value disables it.
	Refresh time.Duration
	// Log receives changes of membership and refused calls. Nil is silent.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	c.Call.Limits = c.Call.Limits.withDefaults()
	c.Limits = c.Limits.withDefaults()
	if c.Host == "" {
		c.Host = "127.0.0.1"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Refresh == 0 {
		c.Refresh = 5 * time.Second
	}
	if c.Services == nil {
		c.Services = []string{"locator.Base", "locator.Locator"}
	}
	return c
}
