package command

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/rpc"
	"github.com/proxenos/proxenos/mapper/locator"
	"github.com/proxenos/proxenos/mapper/swim"
)

func newClientCommand(use, short string, args []string, run func(ctx context.Context, store *rpc.Client, args []string) error) *cobra.Command {
	var to access
	c := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  wantArgs(args...),
		RunE: func(c *cobra.Command, args []string) error {
			ctx := c.Context()
			if err := to.parse(ctx, c.ErrOrStderr()); err != nil {
				return err
			}
			addr, ok := to.find(ctx)
			if !ok {
				if err := to.checkSecrets(ctx); err != nil {
					return err
				}
				return fmt.Errorf("%w found on ports %d to %d of this machine", locator.ErrNoPeer, to.first, to.first+locator.PeerPorts-1)
			}
			return run(ctx, rpc.NewClient(addr, to.call), args)
		},
	}
	to.bind(c)
	return c
}

func newClientCommands(std *output) []*cobra.Command {
	return []*cobra.Command{
		newClientCommand("put [-h PEER] KEY VALUE", "Store a value, or standard input for -; returns once every replica has it", []string{"KEY", "VALUE"},
			func(ctx context.Context, store *rpc.Client, args []string) error {
				value := args[1]
				if value == "-" {
					raw, err := io.ReadAll(io.LimitReader(os.Stdin, node.MaxValue+1)) // one byte too many is refused
					if err != nil {
						return err
					}
					value = string(raw)
				}
				return store.Put(ctx, args[0], value)
			}),
		newClientCommand("get [-h PEER] KEY", "Print a value; exit code 1 if the key is missing", []string{"KEY"},
			func(ctx context.Context, store *rpc.Client, args []string) error {
				value, ok, err := store.Get(ctx, args[0])
				if err == nil && !ok {
					err = fmt.Errorf("key %q: %w", args[0], errMissing)
				}
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(std.Out, value)
				return err
			}),
		newClientCommand("delete [-h PEER] KEY", "Delete a key", []string{"KEY"},
			func(ctx context.Context, store *rpc.Client, args []string) error { return store.Delete(ctx, args[0]) }),
		newClientCommand("list [-h PEER]", "List all keys; a key with control characters is quoted", nil,
			func(ctx context.Context, store *rpc.Client, _ []string) error {
				keys, err := store.Keys(ctx)
				for _, key := range keys {
					if !utf8.ValidString(key) || strings.ContainsFunc(key, unicode.IsControl) {
						key = strconv.Quote(key)
					}
					if _, err := fmt.Fprintln(std.Out, key); err != nil {
						return err
					}
				}
				return err
			}),
		newClientCommand("prime [-h PEER]", "Store the NATO alphabet under A to Z", nil,
			func(ctx context.Context, store *rpc.Client, _ []string) error {
				for _, word := range alphabet {
					if err := store.Put(ctx, word[:1], word); err != nil {
						return err
					}
				}
				return nil
			}),
		newClientCommand("test [-h PEER]", "Print the values stored by prime; exit code 1 if any is missing", nil,
			func(ctx context.Context, store *rpc.Client, _ []string) error { return testAlphabet(ctx, store, std) }),
	}
}

// alphabet is the NATO alphabet, sample data for the commands prime and test.
var alphabet = []string{
	"Alpha", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel", "India", "Juliet", "Kilo", "Lima", "Mike",
	"November", "Oscar", "Papa", "Quebec", "Romeo", "Sierra", "Tango", "Uniform", "Victor", "Whiskey", "X-ray", "Yankee", "Zulu",
}

// testAlphabet prints the words that the store has, and the owners of those that it lacks.
func testAlphabet(ctx context.Context, store *rpc.Client, std *output) error {
	missing := 0
	for _, word := range alphabet {
		value, ok, err := store.Get(ctx, word[:1])
		if err != nil {
			return err
		}
		if ok {
			fmt.Fprintln(std.Out, value)
			continue
		}
		missing++
		owner, err := store.Owner(ctx, word[:1])
		if err != nil {
			return err
		}
		fmt.Fprintln(std.Err, "None received from expected", owner.Name)
	}
	if missing > 0 {
		return fmt.Errorf("%d of %d keys: %w", missing, len(alphabet), errMissing)
	}
	return nil
}

const (
	service = "diststore.Store" // the service type of a node, as in 2009
	purpose = "proxenos-store"  // of the keys that secure calls
)

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
	a.call.TLS, err = swim.TLS(purpose, a.secrets...)
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
	if a.secrets == nil {
		random, err := swim.NewSecret([]byte(rand.Text()))
		if err != nil {
			return "", err
		}
		if call.TLS, err = swim.TLS(purpose, random); err != nil {
			return "", err
		}
	}
	_, err = rpc.NewClient(addr, call).ServiceType(ctx)
	switch {
	case errors.Is(err, swim.ErrOtherSecret) && a.secrets == nil:
		return "a secret, and this command has none", nil
	case errors.Is(err, swim.ErrOtherSecret):
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

// splitName returns the host in the name of a node, without brackets, and the port.
func splitName(name string) (host string, port int) {
	i := strings.LastIndexByte(name, ':')
	port, _ = strconv.Atoi(name[i+1:])
	return name[:i], port
}
