package cli

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

	"github.com/proxenos/proxenos/mapper"
)

// backend is one value of --backend.
type backend struct {
	name    string
	port    int // where its server listens by default; 0 if it has none
	open    func(*sourceOptions, *streams) (mapper.Mapper, error)
	explain func(error) error // puts an error into a class of exit.go
	empty   string            // what to do if there are no nodes
}

// backends are the choices of --backend; the first is the default.
var backends = []backend{
	{"consul", 8500, openConsul, explainConsul, "is the service registered and passing? see --service and --health; without a token that may read it, Consul shows nothing"},
	{"p2p", 9900, openP2P, explainP2P, "the node that was asked has left its network; ask another"},
	{"dns", 0, openDNS, explainDNS, "a name that does not exist has no nodes either; is --dns-name the whole name?"},
	{"swim", 0, openSwim, explainSwim, "are there members that are no observers? proxenos swim members lists them"},
	{"static", 0, openStatic, explainStatic, "give nodes by -n ID or -f FILE"},
}

func backendNames() []string {
	names := make([]string, len(backends))
	for i, b := range backends {
		names[i] = b.name
	}
	return names
}

// sourceOptions say where nodes come from and which of them count. Every
// command that asks a source takes them.
type sourceOptions struct {
	backend string
	nodes   []string
	file    string
	timeout time.Duration
	host    string
	port    int
	located bool // the command line says where the server is
	consul  consulOptions
	swim    swimOptions
	dns     dnsOptions
	keep    keepOptions
	filter  filterOptions
}

// bind declares the flags of the options on a command.
func (o *sourceOptions) bind(c *cobra.Command) {
	addGroup(c, "Nodes", func(fs *pflag.FlagSet) {
		fs.StringVarP(&o.backend, "backend", "b", backends[0].name, "source of nodes: "+strings.Join(backendNames(), " or ")+"; -n and -f imply static")
		fs.StringArrayVarP(&o.nodes, "node", "n", nil, "a `node`: ID[=ADDR][,w=2][,zone=a]; may be repeated")
		fs.StringVarP(&o.file, "nodes-file", "f", "", "a `file` of nodes, one a line, or JSON or YAML; - is standard input")
		fs.DurationVar(&o.timeout, "timeout", 5*time.Second, "how long the source may take to answer")
	})
	addGroup(c, serverGroup, func(fs *pflag.FlagSet) {
		fs.StringVarP(&o.host, "host", "h", "localhost", "host of the service-discovery backend")
		fs.IntVarP(&o.port, "port", "p", 0, "port of the service-discovery backend ("+defaultPorts()+")")
	})
	aboutBackends(c, serverGroup, serverNames()...)
	o.consul.bind(c)
	o.dns.bind(c)
	o.swim.bindSource(c)
	o.filter.bind(c)
	complete(c, "backend", backendNames())
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
		if slices.Equal(f.Annotations[groupKey], []string{group}) {
			f.Annotations[backendKey] = names
		}
	})
}

// parse checks the flags against one another.
func (o *sourceOptions) parse(c *cobra.Command) error {
	given := c.Flags().Changed("backend")
	static := len(o.nodes) > 0 || o.file != ""
	switch {
	case !slices.Contains(backendNames(), o.backend):
		return unknownChoice("backend", o.backend, backendNames())
	case static && given && o.backend != "static":
		return withHint(usagef("--node and --nodes-file are the nodes, and -b %s asks for others", o.backend), "leave out -b")
	case o.timeout <= 0:
		return usagef("--timeout %v: must be more than 0", o.timeout)
	case static:
		o.backend = "static"
	}
	if err := o.refuseForeign(c); err != nil {
		return err
	}
	if err := o.locate(c); err != nil {
		return err
	}
	if err := o.keep.parse(c); err != nil {
		return err
	}
	return o.consul.parse(c)
}

// refuseForeign refuses flags that the backend would silently ignore.
func (o *sourceOptions) refuseForeign(c *cobra.Command) (err error) {
	c.Flags().Visit(func(f *pflag.Flag) {
		if about := f.Annotations[backendKey]; err == nil && len(about) > 0 && !slices.Contains(about, o.backend) {
			backends := strings.Join(about, " or -b ")
			err = withHint(usagef("--%s is about -b %s, and the nodes come from %s", f.Name, backends, o.backend), "leave out --%s, or ask -b %s", f.Name, backends)
		}
	})
	return err
}

// locate checks where the server is said to be. Where only the host or only
// the port is said, the other is the default.
func (o *sourceOptions) locate(c *cobra.Command) error {
	o.located = c.Flags().Changed("host") || c.Flags().Changed("port")
	if !c.Flags().Changed("port") {
		o.port = o.choice().port
	} else if o.port < 1 || o.port > 65535 {
		return usagef("--port %d: must be from 1 to 65535", o.port)
	}
	return checkHost(o.host)
}

// checkHost refuses a host that holds a port or a scheme too.
func checkHost(host string) error {
	bad := usagef("--host %q: want a host alone", host)
	if host == "" || strings.Contains(host, "://") {
		return withHint(bad, "like --host localhost; CONSUL_HTTP_ADDR takes a URL")
	}
	if strings.HasPrefix(host, "-") {
		return withHint(bad, "-h is the host here and needs a value; use --help for help")
	}
	if h, p, err := net.SplitHostPort(host); err == nil {
		return withHint(bad, "give --host %s --port %s", h, p)
	}
	return nil
}

// address is where the server is said to be.
func (o *sourceOptions) address() string {
	return net.JoinHostPort(strings.Trim(o.host, "[]"), strconv.Itoa(o.port))
}

// readsStandardInput reports whether the nodes come from standard input.
func (o *sourceOptions) readsStandardInput() bool { return o.file == "-" }

// found is what a source reported.
type found struct {
	nodes    []mapper.Node // those that pass the filters
	reported int           // how many there were before
}

// ask asks the source once and applies the filters.
func (o *sourceOptions) ask(ctx context.Context, std *streams) (*found, error) {
	backend := o.choice()
	source, err := backend.open(o, std)
	if err != nil {
		return nil, err
	}
	nodes, err := o.keep.ask(ctx, source, o.timeout, o.late(), std)
	if err != nil {
		return nil, backend.classify(err)
	}
	return &found{nodes: o.filter.apply(nodes), reported: len(nodes)}, nil
}

// classify puts an error of a source, or of what stands around it, into a
// class of exit.go.
func (b backend) classify(err error) error {
	if explained, known := explainKeep(err); known {
		return explained
	}
	if errors.Is(err, errUnreachable) {
		return err
	}
	return b.explain(err)
}

// choice returns the backend that was named.
func (o *sourceOptions) choice() backend {
	return backends[slices.IndexFunc(backends, func(b backend) bool { return b.name == o.backend })]
}

// late is the error for a source that does not answer in time.
func (o *sourceOptions) late() error {
	err := fmt.Errorf("%s did not answer within %v", o.backend, o.timeout)
	return withHint(as(errUnreachable, err), "is it running there? --timeout gives it longer")
}

// place asks the source and places keys on the nodes that pass the filters. It
// is an error if that leaves nobody to choose.
func (o *sourceOptions) place(ctx context.Context, std *streams, s *schemeOptions) (*placement, error) {
	f, err := o.ask(ctx, std)
	if err != nil {
		return nil, err
	}
	if err := f.nobody(o.choice()); err != nil {
		return nil, err
	}
	p, err := s.build(f.nodes)
	if err != nil {
		if o.typed() {
			err = &usageError{err}
		}
		return nil, err
	}
	return p, nil
}

// typed reports whether all nodes were given on the command line, where the
// blame for a bad one lies with the command line.
func (o *sourceOptions) typed() bool { return o.backend == "static" && o.file == "" }

// nobody returns an error if none of the nodes can be given a key.
func (f *found) nobody(b backend) error {
	able := func(n mapper.Node) bool { return n.Capacity() != 0 }
	switch {
	case slices.ContainsFunc(f.nodes, able):
		return nil
	case f.reported == 0:
		err := fmt.Errorf("nobody to choose: %s has no nodes", b.name)
		return withHint(as(errNobody, err), "%s", b.empty)
	case len(f.nodes) == 0:
		err := fmt.Errorf("nobody to choose: the filters leave none of %d nodes", f.reported)
		return withHint(as(errNobody, err), "proxenos nodes without filters lists them")
	default:
		err := fmt.Errorf("nobody to choose: all of %d nodes are drained (%d before the filters)", len(f.nodes), f.reported)
		return withHint(as(errNobody, err), "give a node a weight above 0")
	}
}
