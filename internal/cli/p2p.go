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

// envFirstPort names the variable that sets the first default port, so that two
// networks can share a machine.
const envFirstPort = "PROXENOS_FIRST_PORT"

// p2pOptions are the options of p2p.
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
network of its own. It leaves when interrupted. It places keys by hash-ring, like
thrifty-p2p of 2009, so nodes of thrifty-p2p can join the network.`,
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
		fs.StringVarP(&o.peer, "host", "h", "", "host:port of a `PEER` to join")
		fs.IntVarP(&o.cfg.Port, "port", "p", 0, "port to listen on; 0 is the first free one from --first-port")
		fs.IntVar(&o.cfg.First, "first-port", 0, "first `port` to try and to search for peers (default $"+envFirstPort+", or 9900)")
		fs.StringVar(&o.cfg.Host, "listen", "127.0.0.1", "`address` to listen on; :: is all interfaces")
		fs.StringVar(&o.cfg.Advertise, "advertise", "", "`host` at which other nodes reach this one")
		fs.StringArrayVar(&o.trust, "trust", nil, "`network` that may join, like 10.0.0.0/8; may be repeated")
		fs.BoolVar(&o.cfg.Legacy, "legacy", false, "use only the calls of thrifty-p2p of 2009")
		fs.BoolVar(&o.cfg.AllowDie, "allow-die", false, "accept the call die, which needs no authentication")
		fs.BoolVar(&o.cfg.AllowDebug, "allow-debug", false, "accept the call debug, which needs no authentication")
	})
	return c
}

// parse turns the flags into a configuration.
func (o *p2pOptions) parse() (err error) {
	if o.cfg.Port < 0 || o.cfg.Port > 65535 {
		return term.Usagef("--port %d: must be from 0 to 65535", o.cfg.Port)
	}
	if err := o.parseFirst(); err != nil {
		return err
	}
	if o.peer != "" {
		if o.cfg.Peer, err = locator.ParsePeer(o.peer); err != nil {
			return term.Hint(term.AsUsage(err), "-h is --host here, like -h localhost:9900; use --help for help")
		}
	}
	for _, text := range o.trust {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return term.Hint(term.Usagef("--trust %q: must be a network", text), "like --trust 10.0.0.0/8")
		}
		o.cfg.Trust = append(o.cfg.Trust, network)
	}
	o.cfg.Algorithm = hashRing
	o.cfg.Log = slog.New(slog.NewTextHandler(o.std.Err, nil))
	return nil
}

// maxFirst leaves room for the 40 ports that may be tried.
const maxFirst = 65535 - 39

// parseFirst takes the first port from the flag, the environment or the default.
func (o *p2pOptions) parseFirst() error {
	from, text := "--first-port", strconv.Itoa(o.cfg.First)
	if o.cfg.First == 0 {
		from, text = envFirstPort, cmp.Or(o.std.Getenv(envFirstPort), strconv.Itoa(locator.FirstPort))
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > maxFirst {
		return term.Hint(term.Usagef("%s %q: must be from 1 to %d", from, text, maxFirst), "omit it to use ports from %d", locator.FirstPort)
	}
	o.cfg.First = port
	return nil
}

// run runs a node until the context ends.
func (o *p2pOptions) run(ctx context.Context) error {
	if o.cfg.Peer == "" {
		o.cfg.Peer, _ = locator.Discover(ctx, o.cfg.First, locator.PeerPorts, "locator.Locator", o.cfg.Call)
	}
	server, err := locator.Listen(ctx, o.cfg)
	switch {
	case errors.Is(err, locator.ErrAddressInUse):
		return term.Hint(err, "omit -p to take the first free port")
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
		return term.Hint(term.WithCode(term.ErrUnreachable, err), "is a node running there? without -h, p2p starts a network")
	}
	return err
}

// hashRing places keys like thrifty-p2p of 2009.
func hashRing(nodes []mapper.Node) (locator.Locate, error) {
	r, err := ring.New(nodes, ring.Config[mapper.Node]{ID: mapper.Node.ID, Layout: ring.HashRing()})
	if err != nil {
		return nil, err
	}
	return r.Select, nil
}
