package servertest

import (
	"context"
	"path/filepath"
	"strconv"
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
		Ready: func(ctx context.Context) error { return answersAs(ctx, pidFile, r.Addr, "INFO server", "process_id:") },
	})
	return r
}
