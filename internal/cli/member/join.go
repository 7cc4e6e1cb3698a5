package member

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"syscall"
	"time"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper/swim"
)

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
	case errors.Is(err, swim.ErrForeign):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "another program gossips there, such as Serf or Consul; name a member that proxenos runs"))
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
