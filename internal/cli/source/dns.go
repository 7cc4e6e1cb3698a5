package source

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/dns"
)

// dnsOptions holds the flags of the dns backend.
type dnsOptions struct {
	name    string
	server  string
	resolve bool
}

// bind declares the flags on a command.
func (o *dnsOptions) bind(c *cobra.Command) {
	const title = "DNS"
	term.AddGroup(c, title, func(fs *pflag.FlagSet) {
		fs.StringVar(&o.name, "dns-name", "", "`name` whose SRV records are the nodes, such as web.service.consul")
		fs.StringVar(&o.server, "dns-server", "", "`host:port` of a DNS server to query over TCP (default the system's resolver)")
		fs.BoolVar(&o.resolve, "dns-resolve", false, "resolve the nodes' host names to IP addresses")
	})
	aboutBackends(c, title, "dns")
}

func openDNS(_ context.Context, o *Flags, _ *term.Streams) (mapper.Mapper, error) {
	if o.dns.name == "" {
		return nil, term.Hint(term.Usagef("-b dns requires --dns-name"), "such as --dns-name web.service.consul")
	}
	return &dns.SRV{Name: o.dns.name, Server: o.dns.server, Resolve: o.dns.resolve}, nil
}

// explainDNS adds an exit code and a hint to an error of a lookup.
func explainDNS(err error) error {
	var lookup *net.DNSError
	var operation *net.OpError
	switch {
	case errors.Is(err, dns.ErrTruncated):
		return term.Hint(err, "-b consul and -f have no such limit")
	case errors.As(err, &lookup) && strings.Contains(lookup.Err, "invalid names"):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "the records of this name hold host names that are not valid: correct them"))
	case errors.As(err, &lookup) && isServerFailure(lookup):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "the DNS server answers, but with a failure: does it serve this name? --dns-server HOST:PORT names another"))
	case errors.As(err, &lookup), errors.As(err, &operation):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "is the DNS server reachable? --dns-server HOST:PORT names another"))
	}
	return err
}

// isServerFailure reports whether a server answered with SERVFAIL, REFUSED or
// the like, or with a broken message. Package net has no other sign of it.
func isServerFailure(err *net.DNSError) bool {
	return !err.IsTimeout && (strings.Contains(err.Err, "server misbehaving") || strings.Contains(err.Err, "cannot unmarshal"))
}
