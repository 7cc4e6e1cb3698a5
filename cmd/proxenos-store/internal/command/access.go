package command

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/rpc"
	"github.com/proxenos/proxenos/mapper/locator"
)

// service is what a node of the store calls itself, since 2009.
const service = "diststore.Store"

// access says how to reach the store: by which node and with which secret.
type access struct {
	peer       string
	first      int
	secretFile string
	secret     []byte
	call       locator.CallConfig
}

func (a *access) bind(c *cobra.Command) {
	c.Flags().StringVarP(&a.peer, "host", "h", "", "host:port of a `PEER`; by default the first node on this machine")
	c.Flags().IntVar(&a.first, "first-port", 0, "first `port` of nodes that were told of none (default $"+envFirstPort+", or 9900)")
	c.Flags().StringVar(&a.secretFile, "secret-file", "", "`file` with the secret that all nodes and clients share")
}

// parse reads what the flags name.
func (a *access) parse() (err error) {
	if a.peer != "" {
		if a.peer, err = locator.ParsePeer(a.peer); err != nil {
			return fmt.Errorf("%w: -h is the peer here: %w", errUsage, err)
		}
	}
	if a.first, err = a.firstPort(); err != nil {
		return err
	}
	if a.secretFile == "" {
		return nil
	}
	raw, err := os.ReadFile(a.secretFile)
	if err != nil {
		return err
	}
	a.secret = bytes.TrimRight(raw, "\r\n")
	a.call.TLS, err = rpc.TLS(a.secret)
	return err
}

// envFirstPort names the variable that moves the ports of nodes that are told of
// none: two stores can share a machine then.
const envFirstPort = "PROXENOS_FIRST_PORT"

// firstPort returns the port of the flag, of the environment or of 2009.
func (a *access) firstPort() (int, error) {
	const greatest = 65535 - 39 // as the 40 ports from there on are tried
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

// find returns the address of the node that was named, or of the first on this
// machine.
func (a *access) find(ctx context.Context) (addr string, ok bool) {
	if a.peer != "" {
		return a.peer, true
	}
	return locator.Discover(ctx, a.first, locator.PeerPorts, service, a.call)
}

// client returns a client of the store.
func (a *access) client(ctx context.Context) (*rpc.Client, error) {
	if err := a.parse(); err != nil {
		return nil, err
	}
	addr, ok := a.find(ctx)
	if !ok {
		return nil, fmt.Errorf("%w autodiscovered on ports %d to %d of this machine", errNoPeer, a.first, a.first+locator.PeerPorts-1)
	}
	return rpc.NewClient(addr, a.call), nil
}

// isLoopback reports whether only this machine can reach the host.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// hostOf returns the host in the name of a node, which has no brackets.
func hostOf(node string) string {
	return node[:strings.LastIndexByte(node, ':')]
}

// portOf returns the port in the name of a node.
func portOf(node string) int {
	port, _ := strconv.Atoi(node[strings.LastIndexByte(node, ':')+1:])
	return port
}
