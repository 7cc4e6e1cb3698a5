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

// service is the service type of a node, as in 2009.
const service = "diststore.Store"

// access describes how to reach the store: the node to call and the secret.
type access struct {
	peer       string
	first      int
	secretFile string
	secret     []byte
	call       locator.CallConfig
}

func (a *access) bind(c *cobra.Command) {
	c.Flags().StringVarP(&a.peer, "host", "h", "", "host:port of a `PEER` (default: the first node found on this machine)")
	c.Flags().IntVar(&a.first, "first-port", 0, "first `port` to look for nodes and free ports (default $"+envFirstPort+" or 9900)")
	c.Flags().StringVar(&a.secretFile, "secret-file", "", "`file` with the secret shared by all nodes and clients")
}

// parse validates the flags and reads the secret.
func (a *access) parse() (err error) {
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
	raw, err := os.ReadFile(a.secretFile)
	if err != nil {
		return err
	}
	a.secret = bytes.TrimRight(raw, "\r\n")
	a.call.TLS, err = rpc.TLS(a.secret)
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

// client returns a client of the store.
func (a *access) client(ctx context.Context) (*rpc.Client, error) {
	if err := a.parse(); err != nil {
		return nil, err
	}
	addr, ok := a.find(ctx)
	if !ok {
		return nil, fmt.Errorf("%w found on ports %d to %d of this machine", errNoPeer, a.first, a.first+locator.PeerPorts-1)
	}
	return rpc.NewClient(addr, a.call), nil
}

// isLoopback reports whether the host is reachable from this machine only.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
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
