package source

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper/consul"
	"github.com/proxenos/proxenos/mapper/etcd"
)

// A hint names what failed, not always the agent.
func TestHintsNameTheCause(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	unreachable := func(cause error) error {
		return &consul.Error{Addr: "localhost:8500", Kind: consul.ErrUnreachable, Err: cause}
	}
	for _, c := range []struct {
		explain func(error) error
		err     error
		want    string
	}{
		{explainConsul, unreachable(refused), "is an agent running there?"},
		{explainConsul, unreachable(&net.OpError{Op: "proxyconnect", Net: "tcp", Err: refused}), "the proxy of HTTP_PROXY"},
		{explainConsul, unreachable(&net.OpError{Op: "proxyconnect", Net: "tcp", Err: &net.DNSError{IsNotFound: true}}), "the proxy of HTTP_PROXY"},
		{explainConsul, unreachable(&net.DNSError{IsNotFound: true}), "does not resolve here"},
		{explainConsul, unreachable(&net.DNSError{Err: "server misbehaving", IsTemporary: true}), "the resolver of this machine failed"},
		{explainEtcd, &etcd.Error{Kind: etcd.ErrUnreachable, Err: x509.UnknownAuthorityError{}}, "--ca-file or ETCDCTL_CACERT"},
		{explainEtcd, &etcd.Error{Kind: etcd.ErrUnreachable, Err: refused}, "is an etcd server running there"},
		{explainDNS, &net.DNSError{Err: "server misbehaving", IsTemporary: true}, "answers, but with a failure"},
		{explainDNS, &net.DNSError{Err: "cannot unmarshal DNS message"}, "answers, but with a failure"},
		{explainDNS, &net.DNSError{Err: "DNS response contained records which contain invalid names"}, "host names that are not valid"},
		{explainDNS, &net.DNSError{Err: "i/o timeout", IsTimeout: true}, "is the DNS server reachable?"},
		{explainDNS, refused, "is the DNS server reachable?"},
	} {
		got := c.explain(fmt.Errorf("source: %w", c.err))
		require.Contains(t, term.HintOf(got), c.want)
		require.Equal(t, term.ExitUnreachable, term.ExitCode(got))
	}
}

// A cache file that cannot stand in is named with the source that failed.
func TestHintNamesBrokenCache(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cache.json")
	o := Flags{Backend: "dns", Outages: OutageFlags{cache: path}}
	down := &net.OpError{Op: "dial", Err: errors.New("down")}
	require.Contains(t, term.HintOf(o.Classify(down)), "is the DNS server reachable?", "no cache yet")
	require.NoError(t, os.WriteFile(path, []byte(`{"nodes": ["a"`), 0o600))
	require.Contains(t, term.HintOf(o.Classify(down)), "the file of --cache is not usable")
	require.Equal(t, term.ExitUnreachable, term.ExitCode(o.Classify(down)))
}
