package source

import (
	"errors"
	"net"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/dns"
)

// dnsOptions say which records are the nodes, and whom to ask for them.
type dnsOptions struct {
	name    string
	server  string
	resolve bool
}

// bind declares the flags of the options on a command.
func (o *dnsOptions) bind(c *cobra.Command) {
	const title = "DNS"
	term.AddGroup(c, title, func(fs *pflag.FlagSet) {
		fs.StringVar(&o.name, "dns-name", "", "`name` whose SRV records are the nodes, like web.service.consul")
		fs.StringVar(&o.server, "dns-server", "", "`host:port` of a DNS server to ask by TCP (default as the system does)")
		fs.BoolVar(&o.resolve, "dns-resolve", false, "look up the IP addresses of the nodes too")
	})
	aboutBackends(c, title, "dns")
}

func openDNS(o *Flags, _ *term.Streams) (mapper.Mapper, error) {
	if o.dns.name == "" {
		return nil, term.Hint(term.Usagef("-b dns needs a name"), "like --dns-name web.service.consul")
	}
	return &dns.SRV{Name: o.dns.name, Server: o.dns.server, Resolve: o.dns.resolve}, nil
}

// explainDNS classes an error of a lookup.
func explainDNS(err error) error {
	if lookup, operation := (*net.DNSError)(nil), (*net.OpError)(nil); errors.As(err, &lookup) || errors.As(err, &operation) {
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "does a DNS server answer there? --dns-server names another"))
	}
	return err
}
