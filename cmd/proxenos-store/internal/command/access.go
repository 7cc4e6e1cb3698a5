package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/rpc"
	"github.com/proxenos/proxenos/mapper/locator"
	"github.com/proxenos/proxenos/mapper/swim"
)

// service is the service type of a node, as in 2009.
const service = "diststore.Store"

// access describes how to reach the store: the node to call and the secrets, of
// which the first is used and each is accepted.
type access struct {
	peer       string
	first      int
	secretFile string
	secrets    []swim.Secret
	call       locator.CallConfig
}

func (a *access) bind(c *cobra.Command) {
	c.Flags().StringVarP(&a.peer, "host", "h", "", "host:port of a `PEER` (default: the first node found on this machine)")
	c.Flags().IntVar(&a.first, "first-port", 0, "first `port` to look for nodes and free ports (default $"+envFirstPort+" or 9900)")
	c.Flags().StringVar(&a.secretFile, "secret-file", "", "`file` with the secret shared by all nodes and clients; further lines are old secrets, still accepted")
}

// parse validates the flags and reads the secrets. It writes warnings.
func (a *access) parse(ctx context.Context, warnings io.Writer) (err error) {
	if a.peer != "" {
		if a.peer, err = locator.ParsePeer(a.peer); err != nil {
			return fmt.Errorf("%w: -h takes a peer: %w", errUsage, err)
		}
	}
	if a.first, err = a.firstPort(); err != nil {
		return err
	}
	if a.secretFile == "" {
		return nil
	}
	if a.secrets, err = swim.ReadSecrets(ctx, a.secretFile, slog.New(slog.NewTextHandler(warnings, nil))); err != nil {
		return fmt.Errorf("%w: %w", errSecret, err)
	}
	a.call.TLS, err = rpc.TLS(a.secrets...)
	return err
}

// envFirstPort is the environment variable for --first-port. With different first
// ports two stores can share a machine.
const envFirstPort = "PROXENOS_FIRST_PORT"

// firstPort returns the first port from the flag, the environment or the default.
func (a *access) firstPort() (int, error) {
	const greatest = 65535 - 39 // nodes try 40 ports
	from, text := "--first-port", strconv.Itoa(a.first)
	if a.first == 0 {
		from, text = envFirstPort, cmp.Or(os.Getenv(envFirstPort), strconv.Itoa(locator.FirstPort))
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > greatest {
		return 0, fmt.Errorf("%w: %s %q: want 1 to %d", errUsage, from, text, greatest)
	}
	return port, nil
}

// find returns the address given by -h, or that of the first node on this machine.
func (a *access) find(ctx context.Context) (addr string, ok bool) {
	if a.peer != "" {
		return a.peer, true
	}
	return locator.Discover(ctx, a.first, locator.PeerPorts, service, a.call)
}

// checkSecrets returns an error if there is a node on this machine that does not
// accept the secrets. A node that then started a store would serve other keys than
// those that it was meant to.
func (a *access) checkSecrets(ctx context.Context) error {
	for port := a.first; port < a.first+locator.PeerPorts; port++ {
		addr := net.JoinHostPort("localhost", strconv.Itoa(port))
		has, err := a.otherSecret(ctx, addr)
		if err != nil {
			return err
		}
		if has != "" {
			return fmt.Errorf("%w: the node at %q has %s", errDiffers, addr, has)
		}
	}
	return nil
}

// secretTime bounds a call to a port at which another program may listen.
const secretTime = time.Second

// otherSecret calls a node with a secret, and without one. It returns what the node has
// if that is not the secret of this command.
func (a *access) otherSecret(ctx context.Context, addr string) (has string, err error) {
	call := a.call
	call.Limits.Call = secretTime
	if call.TLS == nil {
		if call.TLS, err = rpc.TLS(); err != nil {
			return "", err
		}
	}
	_, err = rpc.NewClient(addr, call).ServiceType(ctx)
	switch {
	case errors.Is(err, rpc.ErrOtherSecret) && a.secrets == nil:
		return "a secret, and this command has none", nil
	case errors.Is(err, rpc.ErrOtherSecret):
		return "another secret", nil
	case a.secrets == nil || err == nil:
		return "", nil
	}
	call.TLS = nil
	if got, err := rpc.NewClient(addr, call).ServiceType(ctx); err == nil && got == service {
		return "no secret, and this command has one", nil
	}
	return "", nil
}

// client returns a client of the store.
func (a *access) client(ctx context.Context, warnings io.Writer) (*rpc.Client, error) {
	if err := a.parse(ctx, warnings); err != nil {
		return nil, err
	}
	addr, ok := a.find(ctx)
	if !ok {
		if err := a.checkSecrets(ctx); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w found on ports %d to %d of this machine", locator.ErrNoPeer, a.first, a.first+locator.PeerPorts-1)
	}
	return rpc.NewClient(addr, a.call), nil
}

// hostOf returns the host in the name of a node, without brackets.
func hostOf(node string) string {
	return node[:strings.LastIndexByte(node, ':')]
}

// portOf returns the port in the name of a node.
func portOf(node string) int {
	port, _ := strconv.Atoi(node[strings.LastIndexByte(node, ':')+1:])
	return port
}
