// Package member joins a gossip cluster with the settings of the command line
// and the environment.
package member

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/report"
	"github.com/proxenos/proxenos/mapper/swim"
)

// The environment variables of swim-protocol. Each also has a form that ends in
// _FILE and names a file with the value. That form takes precedence.
const (
	envSecret = "SWIM_SECRET"
	envName   = "SWIM_NAME"
	envPeers  = "SWIM_PEERS"
)

// timings are the values of --timing; the first is the default.
var timings = []string{"lan", "wan", "local"}

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
	timing     string
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
	o.CompleteTiming(c)
}

// DeclarePeers declares the flags of a command that contacts a cluster.
func (o *Flags) DeclarePeers(fs *pflag.FlagSet) {
	fs.StringArrayVar(&o.peers, "peer", nil, "`host:port` of a member to join; may be repeated (SWIM_PEERS, comma-separated)")
	fs.StringVar(&o.secretFile, "secret-file", "", "`file` with the secret; further lines are old secrets, still accepted (SWIM_SECRET, SWIM_SECRET_FILE)")
	fs.StringVar(&o.cluster, "cluster", "", "`label` of the cluster; messages with another label are ignored")
	fs.StringVar(&o.timing, "timing", timings[0], "timing of failure detection: lan, wan, or local for one machine")
	fs.BoolVar(&o.insecure, "insecure", false, "allow gossip beyond loopback without a secret")
}

// CompleteTiming registers the completion of --timing.
func (o *Flags) CompleteTiming(c *cobra.Command) { term.Complete(c, "timing", timings) }

// Parse validates the flags and applies the environment to those not given.
func (o *Flags) Parse(std *term.Streams) error {
	if !slices.Contains(timings, o.timing) {
		return term.UnknownChoice("--timing", o.timing, timings)
	}
	for flag, port := range map[string]int{"--udp-bind-port": o.bindPort, "--udp-port": o.port} {
		if port < 0 || port > 65535 {
			return term.Usagef("%s %d: must be from 0 to 65535", flag, port)
		}
	}
	if o.Name == "" {
		o.Name = variable(std, envName)
	}
	if len(o.peers) == 0 {
		for p := range strings.SplitSeq(variable(std, envPeers), ",") {
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
	secrets, err := o.secrets(std)
	if err != nil {
		return swim.Config{}, err
	}
	cfg := swim.Config{
		Name: o.Name, Peers: o.peers, Label: o.cluster, Secrets: secrets,
		Insecure: o.insecure, Log: log,
		Timing: map[string]swim.Timing{"lan": swim.LAN(), "wan": swim.WAN(), "local": swim.Local()}[o.timing],
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

// BriefGossip is the gossip interval of a member that leaves right after joining.
// It sends as many packets as with the usual interval, but leaving takes less
// time.
const BriefGossip = 10 * time.Millisecond

// addressTowards returns the local address from which this machine sends packets
// to a peer. It sends nothing.
func addressTowards(peer string) (string, error) {
	conn, err := net.Dial("udp", peer)
	var failed *net.OpError
	if errors.As(err, &failed) {
		err = failed.Err // omit the operation, "dial udp"
	}
	if err != nil {
		return "", err
	}
	defer conn.Close() //nolint:errcheck // the socket was not used
	return conn.LocalAddr().(*net.UDPAddr).IP.String(), nil
}

// Join joins a cluster. Its errors have exit codes and hints.
func Join(ctx context.Context, cfg swim.Config) (*swim.Cluster, error) {
	c, err := swim.Join(ctx, cfg)
	return c, Explain(err)
}

// Explain adds an exit code and a hint to an error of joining.
func Explain(err error) error {
	var dns *net.DNSError
	var address *net.AddrError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, swim.ErrNoPeer):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "is a member running there? proxenos swim run starts one; all members need the same secret and --cluster"))
	case errors.Is(err, swim.ErrNameTaken):
		return term.Hint(err, "give another --name, or wait until the other member is offline")
	case errors.As(err, &dns), errors.As(err, &address):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "a peer is the host:port of a member; the host is an IP address or a name that resolves here"))
	case errors.Is(err, syscall.EADDRINUSE):
		return term.Hint(err, "another program uses that port; give another one")
	case errors.Is(err, swim.ErrNoSecret):
		return term.Hint(err, "give --secret-file FILE, or --insecure to gossip without a secret")
	default:
		return err
	}
}

// LogJoined logs that this member has joined, as the next event may take long.
func LogJoined(log *slog.Logger, c *swim.Cluster) {
	me := c.Local()
	log.Info("joined the cluster", "member", me.Name, "address", me.Addr, "others", len(c.Find(-1, swim.StatusAvailable)))
}

// leaveTimeout limits the time of [Leave].
const leaveTimeout = 5 * time.Second

// Leave leaves the cluster and closes c, even if the command's context has ended.
// Failing to reach a peer is not an error, because failure detection will notice.
func Leave(c *swim.Cluster) error {
	ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
	defer cancel()
	_ = c.Leave(ctx)
	return c.Close()
}

// WaitsForMetadata reports whether m is available and its metadata is not known
// yet.
func WaitsForMetadata(m swim.Member) bool {
	return m.Status.In(swim.StatusAvailable) && m.Metadata == nil
}

// Log returns a logger for a member of a cluster. It logs warnings, and events
// too if verbose is set.
func Log(w io.Writer, verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// Limits of the files that flags and variables name.
const (
	maxSecretFile = 64 << 10
	MaxMetaFile   = 2 << 20 // enough for the metadata of a member
	pipeTimeout   = 10 * time.Second
)

// secrets returns the secrets from --secret-file, SWIM_SECRET_FILE or SWIM_SECRET,
// in that order of precedence, or nil if none is set.
func (o *Flags) secrets(std *term.Streams) ([]swim.Secret, error) {
	var raw []byte
	path := o.secretFile
	switch variable := std.Getenv(envSecret + "_FILE"); {
	case path != "":
	case variable != "":
		path = variable
	}
	switch {
	case path != "":
		var err error
		raw, err = ReadFile(path, maxSecretFile)
		if err == nil {
			warnReadable(std, path)
			break
		}
		if o.secretFile != "" || std.Getenv(envSecret) == "" {
			return nil, term.Hint(err, "--secret-file or %s names this file", envSecret+"_FILE")
		}
		fallthrough // as swim-protocol does
	default:
		raw = []byte(std.Getenv(envSecret))
		if len(raw) == 0 {
			return nil, nil
		}
	}
	secrets, err := swim.ParseSecrets(raw)
	if err != nil {
		return nil, term.Hint(err, "create a secret with: openssl rand -hex 16")
	}
	return secrets, nil
}

// RotateSecrets reads the secrets again and applies them to the cluster. It warns
// if that fails.
func (o *Flags) RotateSecrets(std *term.Streams, cluster *swim.Cluster) {
	secrets, err := o.secrets(std)
	if err == nil && len(secrets) > 0 {
		err = cluster.SetSecrets(secrets...)
	}
	if err != nil {
		std.Warn("keeping the present secrets: %v", err)
	}
}

// warnReadable warns if other users may read the file with the secret.
func warnReadable(std *term.Streams, path string) {
	if info, err := os.Stat(expandHome(path)); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		std.Warn("other users may read %s; chmod 600 prevents that", path)
	}
}

// variable returns a variable of swim-protocol. The _FILE form takes precedence
// unless its file cannot be read.
func variable(std *term.Streams, name string) string {
	if path := std.Getenv(name + "_FILE"); path != "" {
		if raw, err := ReadFile(path, maxSecretFile); err == nil {
			return string(raw)
		}
	}
	return std.Getenv(name)
}

// ReadFile reads a file of at most limit bytes and trims the final line end. It
// also reads pipes, such as <(pass show gossip), with a timeout.
func ReadFile(path string, limit int) ([]byte, error) {
	f, err := os.OpenFile(expandHome(path), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()                                    //nolint:errcheck // the file is only read
	_ = f.SetReadDeadline(time.Now().Add(pipeTimeout)) // fails for a regular file
	raw, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err == nil && len(raw) > limit {
		err = fmt.Errorf("%s exceeds the limit of %d bytes", path, limit)
	}
	return bytes.TrimRight(raw, "\r\n"), err
}

func expandHome(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}
