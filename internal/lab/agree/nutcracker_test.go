package agree

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
	"github.com/proxenos/proxenos/internal/testkit/servertest"
)

// TestNutcracker runs a nutcracker with a pool for each set-up. Servers that speak
// enough of memcached's protocol answer every key with their address.
func TestNutcracker(t *testing.T) {
	t.Parallel()
	program := find(t, "nutcracker", "nutcracker")
	all := setups(t, "nutcracker")
	ports := map[string]int{}
	var conf strings.Builder
	started := map[string]bool{}
	for i, s := range all {
		ports[s.name()] = freeport.Take(t)
		setting := func(name string) string { return settingOf(t, s, name) }
		fmt.Fprintf(&conf, "pool%d:\n  listen: 127.0.0.1:%d\n  hash: %s\n  distribution: %s\n  auto_eject_hosts: false\n  servers:\n",
			i, ports[s.name()], setting("hash"), setting("distribution"))
		for _, server := range s.servers {
			fmt.Fprintf(&conf, "   - %s:%s%s\n", server.address, server.weight, strings.TrimSuffix(" "+server.name, " -"))
			if !started[server.address] {
				started[server.address] = true
				serveMemcached(t, server.address)
			}
		}
	}
	file := filepath.Join(t.TempDir(), "nutcracker.yml")
	require.NoError(t, os.WriteFile(file, []byte(conf.String()), 0o600))
	servertest.Start(t, servertest.Command{
		Program: program,
		Args:    []string{"-c", file, "-a", "127.0.0.1", "-s", strconv.Itoa(freeport.Take(t))},
		Ready:   listens(ports[all[len(all)-1].name()]),
	})
	ask := perSetup(func(s setup) func(string) string { return memcachedClient(t, ports[s.name()]) })
	compare(t, "nutcracker "+version(t, "nutcracker-", program, "-V"), all, func(s setup, key string) int {
		return s.index(t, ask(s)(key))
	})
}

// settingOf returns a setting of the program, as in "(distribution=ketama hash=md5)".
func settingOf(t *testing.T, s setup, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(s.program, name+"=")
	require.True(t, ok, "%s: no setting %q in %q", s.name(), name, s.program)
	return strings.FieldsFunc(rest, func(r rune) bool { return r == ' ' || r == ')' })[0]
}

// listens reports whether something accepts connections to a port.
func listens(port int) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", servertest.Loopback(port))
		if err != nil {
			return err
		}
		return conn.Close()
	}
}

// serveMemcached listens on the address and answers every get with it.
func serveMemcached(t *testing.T, address string) {
	t.Helper()
	var listener net.Listener
	require.Eventually(t, func() (ok bool) {
		var err error
		listener, err = net.Listen("tcp", address)
		if err != nil && !errors.Is(err, syscall.EADDRINUSE) {
			t.Log(err)
		}
		return err == nil
	}, time.Minute, 50*time.Millisecond, "the vectors have the address %s, which another process uses", address)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					_, key, _ := strings.Cut(strings.TrimSuffix(lines.Text(), "\r"), " ")
					fmt.Fprintf(conn, "VALUE %s 0 %d\r\n%s\r\nEND\r\n", strings.TrimSpace(key), len(address), address)
				}
			}()
		}
	}()
}

// memcachedClient returns a function that gets the value of a key.
func memcachedClient(t *testing.T, port int) func(key string) string {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", servertest.Loopback(port))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	in := bufio.NewReader(conn)
	line := func() string {
		text, err := in.ReadString('\n')
		require.NoError(t, err)
		return strings.TrimRight(text, "\r\n")
	}
	return func(key string) string {
		_, err := fmt.Fprintf(conn, "get %s\r\n", key)
		require.NoError(t, err)
		require.Equal(t, "VALUE "+key, strings.Join(strings.Fields(line())[:2], " "))
		value := line()
		require.Equal(t, "END", line())
		return value
	}
}
