package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator"
	"github.com/proxenos/proxenos/ring"
)

// envFirstPort names the variable that moves the ports of nodes that are told of
// none: two networks can share a machine then.
const envFirstPort = "PROXENOS_FIRST_PORT"

// p2pOptions describe a node of the peer-to-peer location service.
type p2pOptions struct {
	std   *term.Streams
	peer  string
	trust []string
	cfg   locator.Config
}

func newP2P(std *term.Streams) *cobra.Command {
	o := &p2pOptions{std: std}
	c := &cobra.Command{
		Use:   "p2p [-h PEER] [-p PORT] [flags]",
		Short: "Run a node of the peer-to-peer location service",
		Long: `Run a node of the peer-to-peer location service. It joins the network of PEER,
or of the first node found on ports 9900 to 9909 of this machine, or starts a
network. Interrupted, it leaves. Keys are placed as nodes of 2009 place them
(hash-ring), so these can be in the network too.`,
		Example: `  # Start a network, and in another terminal join it
  proxenos p2p
  proxenos p2p -h localhost:9900

  # Which node owns user:42?
  proxenos select -b p2p -h localhost -p 9900 -a hash-ring user:42`,
		Args: term.Args(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.parse(); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	term.AddGroup(c, "Network", func(fs *pflag.FlagSet) {
		fs.StringVarP(&o.peer, "host", "h", "", "host:port of a `PEER` to join by")
		fs.IntVarP(&o.cfg.Port, "port", "p", 0, "port to listen on; 0 is the first free one from --first-port")
		fs.IntVar(&o.cfg.First, "first-port", 0, "first `port` of nodes that were told of none (default $"+envFirstPort+", or 9900)")
		fs.StringVar(&o.cfg.Host, "listen", "127.0.0.1", "`address` to listen on; :: is every interface")
		fs.StringVar(&o.cfg.Advertise, "advertise", "", "`host` that others reach this node by")
		fs.StringArrayVar(&o.trust, "trust", nil, "`network` that nodes may be in, like 10.0.0.0/8; may be repeated")
		fs.BoolVar(&o.cfg.Legacy, "legacy", false, "keep to the calls of 2009")
		fs.BoolVar(&o.cfg.AllowDie, "allow-die", false, "obey the call die, which anybody can make")
		fs.BoolVar(&o.cfg.AllowDebug, "allow-debug", false, "obey the call debug, which anybody can make")
	})
	return c
}

// parse turns what was typed into a configuration.
func (o *p2pOptions) parse() (err error) {
	if o.cfg.Port < 0 || o.cfg.Port > 65535 {
		return term.Usagef("--port %d: want 0 to 65535", o.cfg.Port)
	}
	if err := o.parseFirst(); err != nil {
		return err
	}
	if o.peer != "" {
		if o.cfg.Peer, err = locator.ParsePeer(o.peer); err != nil {
			return term.Hint(term.AsUsage(err), "-h is the peer here, like -h localhost:9900; --help is help")
		}
	}
	for _, text := range o.trust {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return term.Hint(term.Usagef("--trust %q: want a network", text), "like --trust 10.0.0.0/8")
		}
		o.cfg.Trust = append(o.cfg.Trust, network)
	}
	o.cfg.Algorithm = hashRing
	o.cfg.Log = slog.New(slog.NewTextHandler(o.std.Err, nil))
	return nil
}

// maxFirst leaves room for the forty ports that may be tried.
const maxFirst = 65535 - 39

// parseFirst takes the first port from the flag, the environment or the default.
func (o *p2pOptions) parseFirst() error {
	from, text := "--first-port", strconv.Itoa(o.cfg.First)
	if o.cfg.First == 0 {
		from, text = envFirstPort, cmp.Or(o.std.Getenv(envFirstPort), strconv.Itoa(locator.FirstPort))
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > maxFirst {
		return term.Hint(term.Usagef("%s %q: want 1 to %d", from, text, maxFirst), "leave it out to use ports from %d", locator.FirstPort)
	}
	o.cfg.First = port
	return nil
}

// run is a node until the context ends.
func (o *p2pOptions) run(ctx context.Context) error {
	if o.cfg.Peer == "" {
		o.cfg.Peer, _ = locator.Discover(ctx, o.cfg.First, locator.PeerPorts, "locator.Locator", o.cfg.Call)
	}
	server, err := locator.Listen(ctx, o.cfg)
	switch {
	case errors.Is(err, locator.ErrAddressInUse):
		return term.Hint(err, "leave out -p to take the first free port")
	case err != nil:
		return err
	}
	if o.cfg.Peer == "" {
		if _, found := server.DiscoverEarlier(ctx); !found {
			fmt.Fprintln(o.std.Err, "No peer autodiscovered.")
		}
	}
	err = server.Serve(ctx, nil)
	if errors.Is(err, locator.ErrNoPeer) {
		return term.Hint(term.WithCode(term.ErrUnreachable, err), "is it running there? without -h a network is started")
	}
	return err
}

// hashRing places keys as nodes of 2009 do.
func hashRing(nodes []mapper.Node) (locator.Locate, error) {
	r, err := ring.New(nodes, ring.Config[mapper.Node]{ID: mapper.Node.ID, Layout: ring.HashRing()})
	if err != nil {
		return nil, err
	}
	return r.Select, nil
}
