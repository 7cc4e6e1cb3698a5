// Package member joins a gossip cluster as the command line says.
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

// The variables of swim-protocol. Each also has a form that ends in _FILE and
// names a file with the value, which wins.
const (
	envSecret = "SWIM_SECRET"
	envName   = "SWIM_NAME"
	envPeers  = "SWIM_PEERS"
)

// timings are the values of --timing; the first is the default.
var timings = []string{"lan", "wan", "local"}

// Flags say how to join a gossip cluster.
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

// Bind declares the flags of every command that joins a cluster.
func (o *Flags) Bind(c *cobra.Command) {
	term.AddGroup(c, "Cluster", func(fs *pflag.FlagSet) {
		fs.StringVar(&o.Name, "name", "", "`host:port` that this member is reached by (SWIM_NAME)")
		o.DeclarePeers(fs)
		fs.StringVar(&o.bind, "udp-bind", "", "`address` to listen on (default the host of the name on loopback, else every interface)")
		fs.IntVar(&o.bindPort, "udp-bind-port", 0, "port to listen on (default that of the name)")
		fs.StringVar(&o.host, "udp-host", "", "default `host` of names like :2001")
		fs.IntVar(&o.port, "udp-port", swim.DefaultPort, "default port of names like host")
		fs.BoolVar(&o.Discovery, "udp-discovery", false, "the name's host has an address for each member: find them by DNS")
	})
	o.CompleteTiming(c)
}

// DeclarePeers declares the flags of every command that talks to a cluster.
func (o *Flags) DeclarePeers(fs *pflag.FlagSet) {
	fs.StringArrayVar(&o.peers, "peer", nil, "`host:port` of a member to join by; may be repeated (SWIM_PEERS, with commas)")
	fs.StringVar(&o.secretFile, "secret-file", "", "`file` with the secret; more lines are old secrets, still read (SWIM_SECRET, SWIM_SECRET_FILE)")
	fs.StringVar(&o.cluster, "cluster", "", "`label` of the cluster; members with another are not heard")
	fs.StringVar(&o.timing, "timing", timings[0], "how often members look at each other: lan, wan or local")
	fs.BoolVar(&o.insecure, "insecure", false, "gossip beyond loopback without a secret")
}

func (o *Flags) CompleteTiming(c *cobra.Command) { term.Complete(c, "timing", timings) }

// Parse checks the flags and fills in what the environment says.
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
			return term.Hint(term.AsUsage(fmt.Errorf("--peer: %w", err)), "a peer is host:port")
		}
		o.peers[i] = full
	}
	return nil
}

// ParseName checks the name of a command that needs one.
func (o *Flags) ParseName() (err error) {
	if o.Name == "" {
		return term.Hint(term.Usagef("this member of the cluster needs a name"), "give --name HOST:PORT, or set %s", envName)
	}
	if o.Name, err = o.fullName(o.Name); err != nil {
		return term.Hint(term.AsUsage(fmt.Errorf("--name: %w", err)), "a name is host:port")
	}
	return nil
}

// fullName completes a name by the default host and port.
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
		return "", fmt.Errorf("%q: want a port from 1 to 65535", name)
	}
	if host == "" {
		return "", fmt.Errorf("%q has no host, and there is no --udp-host", name)
	}
	return net.JoinHostPort(host, port), nil
}

// Config is how the library is to join.
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

// bindTo is where to listen: what the flags leave out is the port of the name
// and, on loopback, its host.
func (o *Flags) bindTo(name string) string {
	host, port, _ := net.SplitHostPort(name) // parseName has checked it
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

// Observer is how the library is to join only to look: under a name and a
// port of no importance, by an address from which the peers are reached.
func (o *Flags) Observer(ctx context.Context, std *term.Streams, log *slog.Logger) (swim.Config, error) {
	if len(o.peers) == 0 {
		return swim.Config{}, term.Hint(term.Usagef("no member of the cluster is named"), "give --peer HOST:PORT, or set %s", envPeers)
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

// BriefGossip is how often a member that is gone in a moment passes on that it
// leaves: it is as many packets as otherwise, and nobody waits for them.
const BriefGossip = 10 * time.Millisecond

// addressTowards returns the address of this machine that packets to a peer
// come from. Nothing is sent.
func addressTowards(peer string) (string, error) {
	conn, err := net.Dial("udp", peer)
	var failed *net.OpError
	if errors.As(err, &failed) {
		err = failed.Err // that it was to be a packet is of no interest
	}
	if err != nil {
		return "", err
	}
	defer conn.Close() //nolint:errcheck // nothing was sent
	return conn.LocalAddr().(*net.UDPAddr).IP.String(), nil
}

// Join joins a cluster; errors have their class.
func Join(ctx context.Context, cfg swim.Config) (*swim.Cluster, error) {
	c, err := swim.Join(ctx, cfg)
	return c, Explain(err)
}

// Explain classes an error of joining.
func Explain(err error) error {
	var dns *net.DNSError
	var address *net.AddrError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, swim.ErrNoPeer):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "proxenos swim run starts a member; --secret-file and --cluster must be those of the others"))
	case errors.Is(err, swim.ErrNameTaken):
		return term.Hint(err, "give another --name, or wait until the other is offline")
	case errors.As(err, &dns), errors.As(err, &address):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "a peer is the host:port of a member, by an address or by a name that DNS knows here"))
	case errors.Is(err, syscall.EADDRINUSE):
		return term.Hint(err, "another program listens there; give another port")
	case errors.Is(err, swim.ErrNoSecret):
		return term.Hint(err, "--secret-file names a file with one; --insecure does without")
	default:
		return err
	}
}

// LogUp tells that this member is one now, as nothing else may happen for long.
func LogUp(log *slog.Logger, c *swim.Cluster) {
	me := c.Local()
	log.Info("the member is up", "member", me.Name, "address", me.Addr, "others", len(c.Find(-1, swim.StatusAvailable)))
}

// goodbyeTime bounds a clean exit.
const goodbyeTime = 5 * time.Second

// Leave says goodbye and closes, though the command's context has ended. A
// goodbye that nobody hears is no error: the others notice by themselves.
func Leave(c *swim.Cluster) error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbyeTime)
	defer cancel()
	_ = c.Leave(ctx)
	return c.Close()
}

// WaitsForMetadata holds while a member that takes part has not been asked, nor
// others on behalf of a suspect.
func WaitsForMetadata(m swim.Member) bool {
	return m.Status.In(swim.StatusAvailable) && m.Metadata == nil
}

// Log is where a member of a cluster tells what happens.
func Log(w io.Writer, verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// What is read of a file that a variable or flag names is bounded.
const (
	maxSecretFile = 64 << 10
	MaxMetaFile   = 2 << 20 // what a member may say, and its keys
	pipePatience  = 10 * time.Second
)

// secrets reads the secrets: --secret-file, then SWIM_SECRET_FILE, then
// SWIM_SECRET. None is none.
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
			return nil, term.Hint(err, "it is the file with the secret")
		}
		fallthrough // as the ancestor does
	default:
		raw = []byte(std.Getenv(envSecret))
		if len(raw) == 0 {
			return nil, nil
		}
	}
	secrets, err := swim.ParseSecrets(raw)
	if err != nil {
		return nil, term.Hint(err, "make one with: openssl rand -hex 16")
	}
	return secrets, nil
}

// RotateSecrets takes over what the file with the secret holds now.
func (o *Flags) RotateSecrets(std *term.Streams, cluster *swim.Cluster) {
	secrets, err := o.secrets(std)
	if err == nil && len(secrets) > 0 {
		err = cluster.SetSecrets(secrets...)
	}
	if err != nil {
		std.Warn("the secrets stay as they are: %v", err)
	}
}

// warnReadable tells of a secret that is none.
func warnReadable(std *term.Streams, path string) {
	if info, err := os.Stat(expandHome(path)); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		std.Warn("others may read %s: chmod 600 keeps its secret", path)
	}
}

// variable reads a variable of swim-protocol, whose _FILE form wins; a
// file that cannot be read counts as not named.
func variable(std *term.Streams, name string) string {
	if path := std.Getenv(name + "_FILE"); path != "" {
		if raw, err := ReadFile(path, maxSecretFile); err == nil {
			return string(raw)
		}
	}
	return std.Getenv(name)
}

// ReadFile reads a small file less the line end. A pipe is read too, as
// <(pass show gossip) is one, but nobody waits for one that says nothing.
func ReadFile(path string, limit int) ([]byte, error) {
	f, err := os.OpenFile(expandHome(path), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()                                     //nolint:errcheck // only read
	_ = f.SetReadDeadline(time.Now().Add(pipePatience)) // a plain file has none
	raw, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err == nil && len(raw) > limit {
		err = fmt.Errorf("%s has more than the %d bytes allowed", path, limit)
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
