package servertest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
)

// RedisProgram is redis-server.
var RedisProgram = Program{
	Name: "redis-server", Env: "PROXENOS_TEST_REDIS", Package: "redis-server",
	VersionArgs: []string{"--version"}, VersionPrefix: "Redis server v=",
}

// Redis is a redis server without persistence.
type Redis struct {
	*Process
	Addr string
}

// StartRedis starts a redis server with further arguments, which must not require
// a password.
func StartRedis(tb testing.TB, args ...string) *Redis {
	tb.Helper()
	port := freeport.Take(tb)
	r := &Redis{Addr: Loopback(port)}
	dir := tb.TempDir()
	pidFile := filepath.Join(dir, "pid")
	r.Process = Start(tb, Command{
		Program: RedisProgram.Path(tb),
		Args: append([]string{
			"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--save", "", "--dir", dir, "--pidfile", pidFile,
		}, args...),
		Ready: func(ctx context.Context) error { return redisReady(ctx, r.Addr, pidFile) },
	})
	return r
}

// redisReady returns nil if the server that wrote the PID file answers.
func redisReady(ctx context.Context, addr, pidFile string) error {
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
	if _, err := fmt.Fprint(conn, "INFO server\r\n"); err != nil {
		return err
	}
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if pid, ok := strings.CutPrefix(lines.Text(), "process_id:"); ok {
			if pid != strings.TrimSpace(string(want)) {
				return fmt.Errorf("%s is process %s", addr, pid)
			}
			return nil
		}
	}
	return fmt.Errorf("%s does not report its process", addr)
}
