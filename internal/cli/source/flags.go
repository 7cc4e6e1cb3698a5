// Package source turns flags into nodes: it chooses the backend, applies the
// filters, and bridges outages by a cache.
package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/member"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/static"
)

// backend is one value of --backend.
type backend struct {
	name    string
	port    int // where its server listens by default; 0 if it has none
	open    func(*Flags, *term.Streams) (mapper.Mapper, error)
	explain func(error) error // puts an error into a class of exit.go
	empty   string            // what to do if there are no nodes
}

// backends are the choices of --backend; the first is the default.
var backends = []backend{
	{"consul", 8500, openConsul, explainConsul, "is the service registered and passing? see --service and --health; without a token that may read it, Consul shows nothing"},
	{"p2p", 9900, openP2P, explainP2P, "the node that was asked has left its network; ask another"},
	{"dns", 0, openDNS, explainDNS, "a name that does not exist has no nodes either; is --dns-name the whole name?"},
	{"swim", 0, openSwim, member.Explain, "are there members that are no observers? proxenos swim members lists them"},
	{"static", 0, openStatic, explainStatic, "give nodes by -n ID or -f FILE"},
}

func backendNames() []string {
	names := make([]string, len(backends))
	for i, b := range backends {
		names[i] = b.name
	}
	return names
}

// Flags say where nodes come from and which of them count. Every
// command that asks a source takes them.
type Flags struct {
	Backend string
	nodes   []string
	file    string
	timeout time.Duration
	host    string
	port    int
	located bool // the command line says where the server is
	consul  consulOptions
	swim    member.Flags
	dns     dnsOptions
	Outages OutageFlags
	Filters Filters
}

// Bind declares the flags of the options on a command.
func (o *Flags) Bind(c *cobra.Command) {
	term.AddGroup(c, "Nodes", func(fs *pflag.FlagSet) {
		fs.StringVarP(&o.Backend, "backend", "b", backends[0].name, "source of nodes: "+strings.Join(backendNames(), " or ")+"; -n and -f imply static")
		fs.StringArrayVarP(&o.nodes, "node", "n", nil, "a `node`: ID[=ADDR][,w=2][,zone=a]; may be repeated")
		fs.StringVarP(&o.file, "nodes-file", "f", "", "a `file` of nodes, one a line, or JSON or YAML; - is standard input")
		fs.DurationVar(&o.timeout, "timeout", 5*time.Second, "how long the source may take to answer")
	})
	term.AddGroup(c, serverGroup, func(fs *pflag.FlagSet) {
		fs.StringVarP(&o.host, "host", "h", "localhost", "host of the service-discovery backend")
		fs.IntVarP(&o.port, "port", "p", 0, "port of the service-discovery backend ("+defaultPorts()+")")
	})
	aboutBackends(c, serverGroup, serverNames()...)
	o.consul.bind(c)
	o.dns.bind(c)
	bindSwim(&o.swim, c)
	o.Filters.bind(c)
	term.Complete(c, "backend", backendNames())
}

// serverGroup is the title of the flags that say where a server is.
const serverGroup = "Server"

// serverNames lists the backends that ask a server.
func serverNames() (names []string) {
	for _, b := range backends {
		if b.port != 0 {
			names = append(names, b.name)
		}
	}
	return names
}

// defaultPorts tells where the servers of the backends listen by default.
func defaultPorts() string {
	var ports []string
	for _, b := range backends {
		if b.port != 0 {
			ports = append(ports, fmt.Sprintf("%s: %d", b.name, b.port))
		}
	}
	return strings.Join(ports, ", ")
}

// backendKey annotates a flag with the backends that it is about.
const backendKey = "proxenos_backend"

// aboutBackends marks the flags of a group that means something to some of the
// backends only.
func aboutBackends(c *cobra.Command, group string, names ...string) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if slices.Equal(f.Annotations[term.GroupKey], []string{group}) {
			f.Annotations[backendKey] = names
		}
	})
}

// Parse checks the flags against one another.
func (o *Flags) Parse(c *cobra.Command) error {
	given := c.Flags().Changed("backend")
	static := len(o.nodes) > 0 || o.file != ""
	switch {
	case !slices.Contains(backendNames(), o.Backend):
		return term.UnknownChoice("backend", o.Backend, backendNames())
	case static && given && o.Backend != "static":
		return term.Hint(term.Usagef("--node and --nodes-file are the nodes, and -b %s asks for others", o.Backend), "leave out -b")
	case o.timeout <= 0:
		return term.Usagef("--timeout %v: must be more than 0", o.timeout)
	case static:
		o.Backend = "static"
	}
	if err := o.refuseForeign(c); err != nil {
		return err
	}
	if err := o.locate(c); err != nil {
		return err
	}
	if err := o.Outages.parse(c); err != nil {
		return err
	}
	return o.consul.parse(c)
}

// refuseForeign refuses flags that the backend would silently ignore.
func (o *Flags) refuseForeign(c *cobra.Command) (err error) {
	c.Flags().Visit(func(f *pflag.Flag) {
		if about := f.Annotations[backendKey]; err == nil && len(about) > 0 && !slices.Contains(about, o.Backend) {
			backends := strings.Join(about, " or -b ")
			err = term.Hint(term.Usagef("--%s is about -b %s, and the nodes come from %s", f.Name, backends, o.Backend), "leave out --%s, or ask -b %s", f.Name, backends)
		}
	})
	return err
}

// locate checks where the server is said to be. Where only the host or only
// the port is said, the other is the default.
func (o *Flags) locate(c *cobra.Command) error {
	o.located = c.Flags().Changed("host") || c.Flags().Changed("port")
	if !c.Flags().Changed("port") {
		o.port = o.choice().port
	} else if o.port < 1 || o.port > 65535 {
		return term.Usagef("--port %d: must be from 1 to 65535", o.port)
	}
	return checkHost(o.host)
}

// checkHost refuses a host that holds a port or a scheme too.
func checkHost(host string) error {
	bad := term.Usagef("--host %q: want a host alone", host)
	if host == "" || strings.Contains(host, "://") {
		return term.Hint(bad, "like --host localhost; CONSUL_HTTP_ADDR takes a URL")
	}
	if strings.HasPrefix(host, "-") {
		return term.Hint(bad, "-h is the host here and needs a value; use --help for help")
	}
	if h, p, err := net.SplitHostPort(host); err == nil {
		return term.Hint(bad, "give --host %s --port %s", h, p)
	}
	return nil
}

// address is where the server is said to be.
func (o *Flags) address() string {
	return net.JoinHostPort(strings.Trim(o.host, "[]"), strconv.Itoa(o.port))
}

// ReadsStandardInput reports whether the nodes come from standard input.
func (o *Flags) ReadsStandardInput() bool { return o.file == "-" }

// Describe says where the nodes came from. A server is not named, as a report
// is passed on.
func (o *Flags) Describe() string {
	switch {
	case o.file == "-":
		return "standard input"
	case o.file != "" && len(o.nodes) == 0:
		return o.file
	case len(o.nodes) > 0:
		return "the command line"
	default:
		return o.Backend
	}
}

// Given reports whether the command line says anything about a source
// that is not a file of a side: whose nodes, or which server to ask.
func Given(c *cobra.Command) (given bool) {
	c.Flags().Visit(func(f *pflag.Flag) {
		about := f.Annotations[backendKey]
		given = given || len(about) > 0 || slices.Contains([]string{"backend", "node", "nodes-file"}, f.Name)
	})
	return given
}

// OfFile is the same source with the nodes of a file. The filters apply to it
// too.
func (o *Flags) OfFile(path string) Flags {
	side := *o
	side.Backend, side.nodes, side.file = "static", nil, path
	return side
}

// Found is what a source reported.
type Found struct {
	Nodes    []mapper.Node // those that pass the filters
	Reported int           // how many there were before
}

// Ask asks the source once and applies the filters.
func (o *Flags) Ask(ctx context.Context, std *term.Streams) (*Found, error) {
	source, err := o.choice().open(o, std)
	if err != nil {
		return nil, err
	}
	nodes, err := o.Outages.ask(ctx, source, o.timeout, o.late(), std)
	if err != nil {
		return nil, o.Classify(err)
	}
	return &Found{Nodes: o.Filters.Apply(nodes), Reported: len(nodes)}, nil
}

// Watched makes the source with what stands around it, for a watch that asks
// every poll where the source does not tell of its changes.
func (o *Flags) Watched(poll time.Duration, std *term.Streams) (mapper.Watcher, error) {
	source, err := o.choice().open(o, std)
	if err != nil {
		return nil, err
	}
	if list, ok := source.(writtenDown); ok && len(list.flags) == 0 {
		if file, ok := list.file.(*static.File); ok {
			source = file // alone it tells of its changes
		}
	}
	guarded := o.Outages.guard(&mapper.Polled{Source: source, Every: poll})
	if o.Outages.cache == "" {
		return guarded, nil
	}
	return o.Outages.cached(guarded, o.timeout, std), nil
}

// Classify puts an error of a source, or of what stands around it, into a
// class of exit.go.
func (o *Flags) Classify(err error) error {
	if explained, known := explainOutage(err); known {
		return explained
	}
	if errors.Is(err, term.ErrUnreachable) {
		return err
	}
	return o.choice().explain(err)
}

// choice returns the backend that was named.
func (o *Flags) choice() backend {
	return backends[slices.IndexFunc(backends, func(b backend) bool { return b.name == o.Backend })]
}

// late is the error for a source that does not answer in time.
func (o *Flags) late() error {
	err := fmt.Errorf("%s did not answer within %v", o.Backend, o.timeout)
	return term.Hint(term.WithCode(term.ErrUnreachable, err), "is it running there? --timeout gives it longer")
}

// Place asks the source and places keys on the nodes that pass the filters. It
// is an error if that leaves nobody to choose.
func (o *Flags) Place(ctx context.Context, std *term.Streams, s *place.Flags) (*place.Placement, error) {
	f, err := o.Ask(ctx, std)
	if err != nil {
		return nil, err
	}
	if err := o.RequireNodes(f.Nodes, f.Reported); err != nil {
		return nil, err
	}
	p, err := s.Build(f.Nodes)
	if err != nil {
		if o.typed() {
			err = term.AsUsage(err)
		}
		return nil, err
	}
	return p, nil
}

// typed reports whether all nodes were given on the command line, where the
// blame for a bad one lies with the command line.
func (o *Flags) typed() bool { return o.Backend == "static" && o.file == "" }

// RequireNodes returns an error if none of the nodes can be given a key. The source
// reported so many.
func (o *Flags) RequireNodes(nodes []mapper.Node, reported int) error {
	b := o.choice()
	switch {
	case place.AnyEligible(nodes):
		return nil
	case reported == 0:
		err := fmt.Errorf("nobody to choose: %s has no nodes", b.name)
		return term.Hint(term.WithCode(term.ErrNoNodes, err), "%s", b.empty)
	case len(nodes) == 0:
		err := fmt.Errorf("nobody to choose: the filters leave none of %d nodes", reported)
		return term.Hint(term.WithCode(term.ErrNoNodes, err), "proxenos nodes without filters lists them")
	default:
		err := fmt.Errorf("nobody to choose: all of %d nodes are drained (%d before the filters)", len(nodes), reported)
		return term.Hint(term.WithCode(term.ErrNoNodes, err), "give a node a weight above 0")
	}
}
