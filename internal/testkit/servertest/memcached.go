package servertest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
)

// MemcachedProgram is memcached.
var MemcachedProgram = Program{
	Name: "memcached", Env: "PROXENOS_TEST_MEMCACHED", Package: "memcached",
	VersionArgs: []string{"--version"}, VersionPrefix: "memcached ",
}

// Memcached is a memcached server.
type Memcached struct {
	*Process
	Addr string
}

// StartMemcached starts a memcached server with 64 MB of memory.
func StartMemcached(tb testing.TB) *Memcached {
	tb.Helper()
	port := freeport.Take(tb)
	m := &Memcached{Addr: Loopback(port)}
	pidFile := tb.TempDir() + "/pid"
	m.Process = Start(tb, Command{
		Program: MemcachedProgram.Path(tb),
		// Started by root, memcached refuses to run without a user.
		Args:  []string{"-l", "127.0.0.1", "-p", strconv.Itoa(port), "-U", "0", "-t", "1", "-u", "root", "-P", pidFile},
		Ready: func(ctx context.Context) error { return memcachedReady(ctx, m.Addr, pidFile) },
	})
	return m
}

// memcachedReady returns nil if the server that wrote the PID file answers.
func memcachedReady(ctx context.Context, addr, pidFile string) error {
	want, err := os.ReadFile(pidFile)
	if err != nil {
		return err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // nothing was written to it
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if _, err := fmt.Fprint(conn, "stats\r\n"); err != nil {
		return err
	}
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if pid, ok := strings.CutPrefix(lines.Text(), "STAT pid "); ok {
			if pid != strings.TrimSpace(string(want)) {
				return fmt.Errorf("%s is process %s", addr, pid)
			}
			return nil
		}
	}
	return fmt.Errorf("%s does not report its process", addr)
}
