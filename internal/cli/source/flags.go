// Package source turns flags into nodes: it chooses the backend, applies the
// filters, and uses a cache while the backend is unavailable.
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
)

// backend is one value of --backend.
type backend struct {
	name    string
	port    int // the default port of its server; 0 if it has none
	open    func(context.Context, *Flags, *term.Streams) (mapper.Mapper, error)
	explain func(error) error // adds an exit code and a hint to an error
	empty   string            // the hint if there are no nodes
}

// backends are the choices of --backend; the first is the default.
var backends = []backend{
	{"consul", 8500, openConsul, explainConsul, "is the service registered and passing? see --service and --health; Consul returns an empty list if the token lacks read access"},
	{"kubernetes", 6443, openKubernetes, explainKubernetes, "does the service exist, and are its pods ready? kubectl get endpointslices lists its endpoints; --ready any also counts pods that are not ready"},
	{"etcd", 2379, openEtcd, explainEtcd, "do keys begin with --etcd-prefix? etcdctl get --prefix --keys-only PREFIX lists them"},
	{"p2p", 9900, openP2P, explainP2P, "the queried node has left its network; query another one"},
	{"dns", 0, openDNS, explainDNS, "a name that does not exist has no nodes; is --dns-name the full name?"},
	{"swim", 0, openSwim, member.Explain, "are there members other than observers? proxenos swim members lists them"},
	{"sd", 0, openSD, explainList, "the list has no targets"},
	{"http", 0, openHTTP, explainList, "the list has no nodes"},
	{"static", 0, openStatic, explainStatic, "give nodes with -n ID or -f FILE"},
}

func backendNames() []string {
	names := make([]string, len(backends))
	for i, b := range backends {
		names[i] = b.name
	}
	return names
}

// Flags holds the flags of every command that queries a source of nodes.
//
// Backend is the only backend, or the first of several.
type Flags struct {
	Backend    string
	backends   []string
	prefix     bool
	nodes      []string
	file       string
	timeout    time.Duration
	host       string
	port       int
	portGiven  bool          // on the command line
	poll       time.Duration // how often a source is polled that cannot be watched
	located    string        // what --host and --port give of HOST:PORT
	partial    bool          // the source left out records when it was queried
	chosen     bool          // a flag chooses the source
	complete   completeness
	consul     consulOptions
	kubernetes kubernetesOptions
	etcd       etcdOptions
	swim       member.Flags
	dns        dnsOptions
	lists      listOptions
	tls        tlsOptions
	Outages    OutageFlags
	Filters    Filters
}

// Bind declares the flags on a command.
func (o *Flags) Bind(c *cobra.Command) {
	term.AddGroup(c, "Nodes", func(fs *pflag.FlagSet) {
		fs.StringArrayVarP(&o.backends, "backend", "b", []string{backends[0].name}, "`source` of nodes: "+strings.Join(backendNames(), ", ")+"; -n and -f imply static; may be repeated")
		fs.Lookup("backend").DefValue = backends[0].name
		fs.BoolVar(&o.prefix, "prefix-source", false, "put the name of its source before the ID of each node, as in consul/web-1")
		fs.StringArrayVarP(&o.nodes, "node", "n", nil, "a `node`: ID[=ADDR][,w=2][,zone=a]; may be repeated")
		fs.StringVarP(&o.file, "nodes-file", "f", "", "`file` with nodes: one per line, JSON, YAML or CSV; - is standard input")
		fs.DurationVar(&o.timeout, "timeout", 5*time.Second, "maximum time for the source to respond")
		o.complete.declare(fs)
	})
	term.AddGroup(c, serverGroup, func(fs *pflag.FlagSet) {
		fs.StringVarP(&o.host, "host", "h", "localhost", "host of the backend's server")
		fs.IntVarP(&o.port, "port", "p", 0, "port of the backend's server (default "+defaultPorts()+")")
	})
	aboutBackends(c, serverGroup, serverNames()...)
	o.consul.bind(c)
	o.kubernetes.bind(c)
	o.etcd.bind(c)
	o.dns.bind(c)
	o.lists.bind(c)
	o.tls.bind(c)
	bindSwim(&o.swim, c)
	share(c, "identity", "sd")
	share(c, "token-file", "sd", "http")
	share(c, "ca-file", "etcd", "sd", "http")
	o.Filters.bind(c)
	o.Outages.slow.bind(c)
	term.Complete(c, "backend", backendNames())
}

// serverGroup is the title of --host and --port in help texts.
const serverGroup = "Server"

// serverNames returns the backends that take --host and --port.
func serverNames() (names []string) {
	for _, b := range backends {
		if b.port != 0 {
			names = append(names, b.name)
		}
	}
	return names
}

// defaultPorts describes the default ports of the backends.
func defaultPorts() string {
	var ports []string
	for _, b := range backends {
		if b.port != 0 {
			ports = append(ports, fmt.Sprintf("%d for %s", b.port, b.name))
		}
	}
	return strings.Join(ports, ", ")
}

// backendKey annotates a flag with the backends that it applies to.
const backendKey = "proxenos_backend"

// aboutBackends marks the flags of a group as flags of the named backends.
func aboutBackends(c *cobra.Command, group string, names ...string) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if slices.Equal(f.Annotations[term.GroupKey], []string{group}) {
			f.Annotations[backendKey] = names
			if group != serverGroup {
				f.Annotations[term.FoldKey] = []string{"true"}
			}
		}
	})
}

// share marks a flag that one backend declares as one of others too.
func share(c *cobra.Command, name string, with ...string) {
	f := c.Flags().Lookup(name)
	f.Annotations[backendKey] = append(slices.Clone(f.Annotations[backendKey]), with...)
}

// Parse validates the flags.
func (o *Flags) Parse(c *cobra.Command) error {
	o.chosen = Given(c)
	if err := o.parseBackends(c); err != nil {
		return err
	}
	if o.timeout <= 0 {
		return term.Usagef("--timeout %v: must be more than 0", o.timeout)
	}
	o.complete.parse(c)
	if err := o.rejectForeign(c); err != nil {
		return err
	}
	if err := o.locate(c); err != nil {
		return err
	}
	if err := o.Outages.parse(c); err != nil {
		return err
	}
	o.kubernetes.parse(c)
	return o.consul.parse(c)
}

// parseBackends validates --backend. A URL is short for -b http with that URL.
func (o *Flags) parseBackends(c *cobra.Command) error {
	isStatic := len(o.nodes) > 0 || o.file != ""
	if isStatic && !c.Flags().Changed("backend") {
		o.backends = []string{"static"}
	}
	for i, name := range o.backends {
		if strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://") {
			if o.lists.url != "" {
				return term.Hint(term.Usagef("--url and -b URL are mutually exclusive"), "remove one of them")
			}
			o.lists.url, name = name, "http"
			o.backends[i] = name
		}
		switch {
		case !slices.Contains(backendNames(), name):
			return term.UnknownChoice("backend", name, backendNames())
		case slices.Contains(o.backends[:i], name):
			return term.Hint(term.Usagef("-b %s is given twice", name), "each source may be given once; --datacenter dc1,dc2 queries several datacenters of Consul")
		}
	}
	if isStatic && !slices.Contains(o.backends, "static") {
		return term.Hint(term.Usagef("--node and --nodes-file exclude -b %s", o.names()), "remove -b %s, or -n and -f; or add -b static for both", o.names())
	}
	o.Backend = o.backends[0]
	return nil
}

// rejectForeign returns an error if a flag of another backend is given.
func (o *Flags) rejectForeign(c *cobra.Command) (err error) {
	c.Flags().Visit(func(f *pflag.Flag) {
		known := func(name string) bool { return slices.Contains(o.backends, name) }
		if about := f.Annotations[backendKey]; err == nil && len(about) > 0 && !slices.ContainsFunc(about, known) {
			backends := strings.Join(about, " or -b ")
			err = term.Hint(term.Usagef("--%s applies to -b %s, not to %s", f.Name, backends, o.names()), "remove --%s or use -b %s", f.Name, backends)
		}
	})
	return err
}

// locate validates --host and --port and applies the defaults.
func (o *Flags) locate(c *cobra.Command) error {
	if c.Flags().Changed("host") {
		o.located = o.host
	}
	if c.Flags().Changed("port") {
		o.located = net.JoinHostPort(strings.Trim(o.located, "[]"), strconv.Itoa(o.port))
	}
	if o.portGiven = c.Flags().Changed("port"); !o.portGiven {
		o.port = o.choice().port
	} else if o.port < 1 || o.port > 65535 {
		return term.Usagef("--port %d: must be from 1 to 65535", o.port)
	}
	return checkHost(o.host)
}

// checkHost returns an error if host is empty or contains a port or a scheme.
func checkHost(host string) error {
	bad := term.Usagef("--host %q: must be a host without port or scheme", host)
	if host == "" || strings.Contains(host, "://") {
		return term.Hint(bad, "such as --host localhost; CONSUL_HTTP_ADDR takes a URL")
	}
	if strings.HasPrefix(host, "-") {
		return term.Hint(bad, "-h is --host here and needs a value; --help shows help")
	}
	if h, p, err := net.SplitHostPort(host); err == nil {
		return term.Hint(bad, "give --host %s --port %s", h, p)
	}
	return nil
}

// address returns the address of the server.
func (o *Flags) address() string {
	return net.JoinHostPort(strings.Trim(o.host, "[]"), strconv.Itoa(o.port))
}

// ReadsStandardInput reports whether the nodes come from standard input.
func (o *Flags) ReadsStandardInput() bool { return o.file == "-" }

// Describe describes the source for a report. It omits the address of a server,
// because reports are passed on.
func (o *Flags) Describe() string {
	switch {
	case o.file == "-":
		return "standard input"
	case o.file != "" && len(o.nodes) == 0:
		return o.file
	case len(o.nodes) > 0:
		return "the command line"
	default:
		return o.names()
	}
}

// Given reports whether the command line has a flag that chooses a source.
func Given(c *cobra.Command) (given bool) {
	c.Flags().Visit(func(f *pflag.Flag) {
		about := f.Annotations[backendKey]
		given = given || len(about) > 0 || slices.Contains([]string{"backend", "node", "nodes-file"}, f.Name)
	})
	return given
}

// OfFile returns flags with the nodes of a file and the same filters.
func (o *Flags) OfFile(path string) Flags {
	side := *o
	side.Backend, side.backends, side.nodes, side.file = "static", []string{"static"}, nil, path
	return side
}

// Found is the result of a query.
type Found struct {
	Nodes    []mapper.Node // the nodes that pass the filters
	Reported int           // the number of nodes before the filters
	Partial  bool          // the source has records that are not usable as nodes
	Saved    time.Time     // when the source answered; zero: the age of the nodes is not known
}

// Ask queries the source once and applies the filters.
func (o *Flags) Ask(ctx context.Context, std *term.Streams) (*Found, error) {
	o.Outages.query = o.query()
	source, err := o.open(ctx, std)
	if err != nil {
		return nil, err
	}
	if o.complete.required {
		source = complete{&mapper.Polled{Source: source}}
	}
	u, err := o.Outages.ask(ctx, source, o.timeout, o.late(), std)
	if err != nil {
		return nil, o.Classify(err)
	}
	if partial := u.Partial(); partial != nil && o.complete.required { // of a snapshot
		return nil, o.complete.explain(partial)
	}
	o.partial = len(u.Skipped) > 0
	f := &Found{Nodes: o.Filters.Apply(u.Nodes), Reported: len(u.Nodes), Partial: o.partial}
	if !ageUnknown(u) {
		f.Saved = time.Now()
	}
	return f, nil
}

// Watched returns the source with its cache and limits. A source that cannot be
// watched is queried every poll.
func (o *Flags) Watched(ctx context.Context, poll time.Duration, std *term.Streams) (mapper.Watcher, error) {
	o.Outages.query, o.poll = o.query(), poll
	source, err := o.open(ctx, std)
	if err != nil {
		return nil, err
	}
	var watched mapper.Watcher = &mapper.Polled{Source: source, Every: poll}
	if o.complete.required {
		watched = complete{watched}
	}
	watched = o.Outages.guard(watched)
	if o.Outages.cache != "" {
		watched = o.Outages.cached(watched, o.timeout, std)
	}
	watched = o.Outages.slow.around(watched)
	if o.complete.required { // a snapshot may be partial, and so may start times
		watched = complete{watched}
	}
	return watched, nil
}

// Classify adds an exit code and a hint to an error of the source, its cache or
// its limits.
func (o *Flags) Classify(err error) error {
	if explained, known := explainOutage(err); known {
		return explained
	}
	if partial := (*mapper.PartialError)(nil); errors.As(err, &partial) {
		return o.complete.explain(err)
	}
	if !errors.Is(err, term.ErrUnreachable) {
		err = o.choice().explain(err)
	}
	if hint := o.Outages.cacheHint(); hint != "" {
		err = term.Hint(err, "%s", hint)
	}
	return err
}

// late returns the error of a source that does not respond in time.
func (o *Flags) late() error {
	err := fmt.Errorf("no response from %s within %v", o.choice().name, o.timeout)
	return term.Hint(term.WithCode(term.ErrUnreachable, err), "is it running there? a longer --timeout waits longer")
}

// Place queries the source and places keys on the nodes that pass the filters. It
// returns an error if none of them can own keys.
func (o *Flags) Place(ctx context.Context, std *term.Streams, s *place.Flags) (*place.Placement, error) {
	f, err := o.find(ctx, std, s)
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
	p.Partial = f.Partial
	return p, nil
}

// find returns the nodes that the placement brings, unless a flag chooses a source.
func (o *Flags) find(ctx context.Context, std *term.Streams, s *place.Flags) (*Found, error) {
	if nodes := s.Nodes(); len(nodes) > 0 && !o.chosen {
		return &Found{Nodes: o.Filters.Apply(nodes), Reported: len(nodes)}, nil
	}
	return o.Ask(ctx, std)
}

// typed reports whether all nodes are from the command line, so that a bad node is
// a usage error.
func (o *Flags) typed() bool { return o.Backend == "static" && len(o.backends) < 2 && o.file == "" }

// RequireNodes returns an error if none of the nodes can own keys. The argument
// reported is the number of nodes before the filters.
func (o *Flags) RequireNodes(nodes []mapper.Node, reported int) error {
	b := o.choice()
	switch {
	case place.AnyEligible(nodes):
		return nil
	case reported == 0 && o.partial:
		err := fmt.Errorf("no nodes to choose from: no record of %s can be a node", b.name)
		return term.Hint(term.WithCode(term.ErrNoNodes, err), "correct the records that the warnings name")
	case reported == 0:
		err := fmt.Errorf("no nodes to choose from: %s has no nodes", b.name)
		return term.Hint(term.WithCode(term.ErrNoNodes, err), "%s", b.empty)
	case len(nodes) == 0:
		err := fmt.Errorf("no nodes to choose from: the filters drop every node (%d reported)", reported)
		return term.Hint(term.WithCode(term.ErrNoNodes, err), "proxenos nodes without filters lists them")
	default:
		err := fmt.Errorf("no nodes to choose from: every node is drained (%d, of %d before the filters)", len(nodes), reported)
		return term.Hint(term.WithCode(term.ErrNoNodes, err), "give a node a weight above 0")
	}
}
