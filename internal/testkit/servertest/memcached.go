package servertest

import (
	"context"
	"strconv"
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
		Ready: func(ctx context.Context) error { return answersAs(ctx, pidFile, m.Addr, "stats", "STAT pid ") },
	})
	return m
}
