// Package member joins a gossip cluster with the settings of the command line
// and the environment.
package member

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/report"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/swim"
)

// The environment variables of swim-protocol. Each also has a form that ends in
// _FILE and names a file with the value. That form takes precedence.
const (
	envSecret = "SWIM_SECRET"
	envName   = "SWIM_NAME"
	envPeers  = "SWIM_PEERS"
)

// Flags holds the flags that configure joining a gossip cluster.
type Flags struct {
	Name       string
	peers      []string
	bind       string
	bindPort   int
	host       string
	port       int
	Discovery  bool
	secretFile string
	cluster    string
	insecure   bool
	timing     term.Choice
}

// MaxWeight is the greatest weight that a member can claim, as any member can
// claim any. Weights are relative, so a cluster with greater ones divides all of
// them.
const MaxWeight = 1000

// Limit limits the weights of the nodes of a cluster.
func Limit(source mapper.Mapper) *mapper.Guard {
	return &mapper.Guard{Source: source, MaxWeight: MaxWeight}
}

// Bind declares all flags on a command that joins a cluster.
func (o *Flags) Bind(c *cobra.Command) {
	term.AddGroup(c, "Cluster", func(fs *pflag.FlagSet) {
		fs.StringVar(&o.Name, "name", "", "name of this member: the `host:port` at which peers reach it (SWIM_NAME)")
		o.DeclarePeers(fs)
		fs.StringVar(&o.bind, "udp-bind", "", "`address` to listen on (default the name's host on loopback, else all interfaces)")
		fs.IntVar(&o.bindPort, "udp-bind-port", 0, "port to listen on (default the name's port)")
		fs.StringVar(&o.host, "udp-host", "", "`host` for names without one, such as :2001")
		fs.IntVar(&o.port, "udp-port", swim.DefaultPort, "port for names without one")
		fs.BoolVar(&o.Discovery, "udp-discovery", false, "resolve the name's host by DNS; the other addresses are peers")
	})
}

// Label returns the label of the cluster.
func (o *Flags) Label() string { return o.cluster }

// DeclarePeers declares the flags of a command that contacts a cluster.
func (o *Flags) DeclarePeers(fs *pflag.FlagSet) {
	fs.StringArrayVar(&o.peers, "peer", nil, "`host:port` of a member to join; may be repeated (SWIM_PEERS, comma-separated)")
	fs.StringVar(&o.secretFile, "secret-file", "", "`file` with the secret; further lines are old secrets, still accepted (SWIM_SECRET, SWIM_SECRET_FILE)")
	fs.StringVar(&o.cluster, "cluster", "", "`label` of the cluster; messages with another label are ignored")
	o.timing = term.Choose("--timing", "lan", "wan", "local")
	fs.Var(&o.timing, "timing", "timing of failure detection: lan, wan, or local for one machine")
	fs.BoolVar(&o.insecure, "insecure", false, "allow gossip beyond loopback without a secret")
}

// Parse validates the flags and applies the environment to those not given.
func (o *Flags) Parse(ctx context.Context, std *term.Streams) error {
	for flag, port := range map[string]int{"--udp-bind-port": o.bindPort, "--udp-port": o.port} {
		if port < 0 || port > 65535 {
			return term.Usagef("%s %d: must be from 0 to 65535", flag, port)
		}
	}
	if o.Name == "" {
		o.Name = variable(ctx, std, envName)
	}
	if len(o.peers) == 0 {
		for p := range strings.SplitSeq(variable(ctx, std, envPeers), ",") {
			if p = strings.TrimSpace(p); p != "" {
				o.peers = append(o.peers, p)
			}
		}
	}
	for i, p := range o.peers {
		full, err := o.fullName(p)
		if err != nil {
			return term.Hint(term.AsUsage(fmt.Errorf("--peer: %w", err)), "a peer is host:port, such as 10.0.0.1:7946")
		}
		o.peers[i] = full
	}
	return nil
}

// ParseName validates the name of a member that peers must reach.
func (o *Flags) ParseName() (err error) {
	if o.Name == "" {
		return term.Hint(term.Usagef("no name for this member"), "give --name HOST:PORT or set %s", envName)
	}
	if o.Name, err = o.fullName(o.Name); err != nil {
		return term.Hint(term.AsUsage(fmt.Errorf("--name: %w", err)), "a name is host:port, such as 10.0.0.1:7946")
	}
	return nil
}

// fullName adds the default host or port to a name that lacks it.
func (o *Flags) fullName(name string) (string, error) {
	host, port, err := net.SplitHostPort(name)
	if err != nil {
		var bare *net.AddrError
		if !errors.As(err, &bare) || bare.Err != "missing port in address" {
			return "", fmt.Errorf("%q is not host:port", name)
		}
		host, port = strings.Trim(name, "[]"), strconv.Itoa(cmp.Or(o.port, swim.DefaultPort))
	}
	if host == "" {
		host = o.host
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("%q: the port must be from 1 to 65535", name)
	}
	if host == "" {
		return "", fmt.Errorf("%q has no host and --udp-host is not set", name)
	}
	return net.JoinHostPort(host, port), nil
}

// Config returns the configuration for joining.
func (o *Flags) Config(ctx context.Context, std *term.Streams, log *slog.Logger) (swim.Config, error) {
	secrets, err := o.secrets(ctx, std)
	if err != nil {
		return swim.Config{}, err
	}
	cfg := swim.Config{
		Name: o.Name, Peers: o.peers, Label: o.cluster, Secrets: secrets,
		Insecure: o.insecure, Log: log,
		Timing: map[string]swim.Timing{"lan": swim.LAN(), "wan": swim.WAN(), "local": swim.Local()}[o.timing.String()],
	}
	if o.Discovery {
		found, err := discover(ctx, o.Name)
		if err != nil {
			return swim.Config{}, err
		}
		cfg.Name, cfg.Peers = found.name, append(cfg.Peers, found.peers...)
	}
	if o.bind != "" || o.bindPort != 0 {
		cfg.Bind = o.bindTo(cfg.Name)
	}
	return cfg, nil
}

// bindTo returns the address to listen on. The port defaults to the name's port,
// and the host to the name's host if that is on loopback.
func (o *Flags) bindTo(name string) string {
	host, port, _ := net.SplitHostPort(name) // validated by ParseName
	if o.bindPort != 0 {
		port = strconv.Itoa(o.bindPort)
	}
	if o.bind != "" || !report.OnLoopback(host) {
		host = strings.Trim(o.bind, "[]")
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// Observer returns the configuration for joining as an observer. Without a name
// it uses a random one, a free port, and the local address that reaches the first
// peer.
func (o *Flags) Observer(ctx context.Context, std *term.Streams, log *slog.Logger) (swim.Config, error) {
	if len(o.peers) == 0 {
		return swim.Config{}, term.Hint(term.Usagef("no peer to join"), "give --peer HOST:PORT or set %s", envPeers)
	}
	cfg, err := o.Config(ctx, std, log)
	if err != nil {
		return cfg, err
	}
	cfg.Observer, cfg.MustJoin = true, true
	if o.Name == "" {
		local, err := addressTowards(o.peers[0])
		if err != nil {
			return cfg, Explain(fmt.Errorf("peer %q: %w", o.peers[0], err))
		}
		cfg.Name = "observer-" + strings.ToLower(rand.Text()[:10])
		cfg.Bind = net.JoinHostPort(local, "0")
	}
	return cfg, nil
}
