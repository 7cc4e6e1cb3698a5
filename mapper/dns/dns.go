// Package dns is a source of nodes that are listed as SRV records (RFC 2782):
// of Consul's DNS interface, of a Kubernetes headless service, of any zone.
//
// # What becomes of a record
//
// A node is named after the target and the port of its record, host:port in
// lower case and without a trailing dot. That is its address too, unless
// SRV.Resolve is set. Names are never resolved to identify a node, so that an
// outage of DNS renames no node.
//
// The weight of the record is that of the node. If all weights are 0 they count
// as equal; beside other weights a 0 drains the node. Only nodes of the best
// priority (the lowest number) get keys: the others are drained, as they stand in
// when those are gone. The priority is in the metadata. A target that several
// records name has the best priority and the greatest weight among them. A record
// with the target "." says that there are no nodes.
//
// # What DNS cannot say
//
// A name that does not exist and a name without records are answers without
// nodes: Consul answers so for a service without a healthy instance. To keep the
// nodes instead, put a mapper.Guard around the source. Anything else that is not
// an answer is an error, and the nodes before it stand.
//
// Servers that answer by UDP may give only some of the records, and not all of
// them say so: Consul 1.22.5 gave 19 of 30, as a complete answer. SRV.Server is
// therefore asked by TCP. Records change without notice: [mapper.Polled] asks for
// them at intervals.
package dns

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/proxenos/proxenos/internal/hostport"
	"github.com/proxenos/proxenos/mapper"
)

// SRV is a source whose nodes are the SRV records of a name. It is safe for
// concurrent use. Its fields must not change once it is used.
type SRV struct {
	// Name is the name to look up: _http._tcp.example.com, or web.service.consul.
	// It is absolute, with or without its last dot: no search list is tried.
	Name string

	// Server is the DNS server to ask by TCP: host:port, or a host alone for port
	// 53. Empty asks the resolver of the system.
	Server string

	// Resolver replaces Server if it is not nil.
	Resolver *net.Resolver

	// Resolve looks up the IP addresses of the targets, so that the address of
	// a node is IP:port: the least IPv4 address if there is one, or else the
	// least IPv6 address. A target without any keeps its name as its address.
	Resolve bool
}

var _ mapper.Mapper = (*SRV)(nil)

// Nodes looks the records up. The resolver's own timeouts apply beside the
// context's.
func (s *SRV) Nodes(ctx context.Context) ([]mapper.Node, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	name := strings.TrimSuffix(s.Name, ".")
	if err := checkName(name); err != nil {
		return nil, err
	}
	r := s.resolver()
	_, records, err := r.LookupSRV(ctx, "", "", name+".")
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("dns: SRV records of %s: %w", name, s.blame(err))
	}
	nodes := nodesOf(records)
	if s.Resolve {
		resolve(ctx, r, nodes)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nodes, nil
}

// checkName rejects names that no zone can hold. The resolver reports them as "no
// such host", which must not pass for an answer without nodes.
func checkName(name string) error {
	if name == "" {
		return errors.New("dns: no name to look up: set SRV.Name")
	}
	bad := len(name) > 253
	for label := range strings.SplitSeq(name, ".") {
		bad = bad || label == "" || len(label) > 63 || strings.Trim(label, letters) != ""
	}
	if bad {
		return fmt.Errorf(`dns: name %q: want up to 253 characters, words of 1 to 63 letters, digits, "-" and "_" with dots between them`, name)
	}
	return nil
}

const dnsPort = 53

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

func (s *SRV) resolver() *net.Resolver {
	switch {
	case s.Resolver != nil:
		return s.Resolver
	case s.Server == "":
		return net.DefaultResolver
	}
	server := withPort(s.Server)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", server)
	}
	return &net.Resolver{PreferGo: true, Dial: dial}
}

// blame returns an error that names the server that was asked: the resolver names
// one of the system's, whatever it dials.
func (s *SRV) blame(err error) error {
	e, ok := errors.AsType[*net.DNSError](err)
	if !ok || s.Server == "" || s.Resolver != nil {
		return err
	}
	blamed := *e
	blamed.Server = withPort(s.Server)
	return &blamed
}

// withPort adds the port of DNS if there is none.
func withPort(server string) string {
	host, port, err := hostport.Split(server, dnsPort)
	if err != nil {
		return server // which the dialer refuses
	}
	return hostport.Join(host, port)
}

// target holds what the records say of one host and port.
type target struct {
	host             string
	port             uint16
	priority, weight uint16
}

func (t target) name() string { return net.JoinHostPort(t.host, strconv.Itoa(int(t.port))) }

// nodesOf returns the nodes of the records, sorted by name.
func nodesOf(records []*net.SRV) []mapper.Node {
	targets := targetsOf(records)
	if len(targets) == 0 {
		return nil
	}
	first := slices.MinFunc(targets, func(a, b target) int { return cmp.Compare(a.priority, b.priority) }).priority
	weighted := map[uint16]bool{} // priorities with a weight above 0
	for _, t := range targets {
		weighted[t.priority] = weighted[t.priority] || t.weight > 0
	}
	nodes := make([]mapper.Node, 0, len(targets))
	for _, t := range targets {
		nodes = append(nodes, mapper.Node{
			Name:   t.name(),
			Addr:   t.name(),
			Weight: float64(t.weight),
			Drain:  t.priority != first || t.weight == 0 && weighted[t.priority],
			Meta:   map[string]string{"priority": strconv.Itoa(int(t.priority))},
		})
	}
	slices.SortFunc(nodes, func(a, b mapper.Node) int { return cmp.Compare(a.Name, b.Name) })
	return nodes
}

// targetsOf normalizes the targets and merges those that occur twice.
func targetsOf(records []*net.SRV) []target {
	byName := map[string]target{}
	for _, r := range records {
		t := target{hostport.Host(r.Target), r.Port, r.Priority, r.Weight}
		if t.host == "" {
			continue
		}
		if other, twice := byName[t.name()]; twice {
			t.priority, t.weight = min(t.priority, other.priority), max(t.weight, other.weight)
		}
		byName[t.name()] = t
	}
	return slices.Collect(maps.Values(byName))
}

// lookups bounds how many addresses are looked up at the same time.
const lookups = 16

// resolve replaces names by IP addresses where there are any.
func resolve(ctx context.Context, r *net.Resolver, nodes []mapper.Node) {
	var running sync.WaitGroup
	slots := make(chan struct{}, lookups)
	for i := range nodes {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			host, port, err := net.SplitHostPort(nodes[i].Addr)
			if err != nil {
				return
			}
			if ip, ok := lookup(ctx, r, host); ok {
				nodes[i].Addr = net.JoinHostPort(ip.String(), port)
			}
		})
	}
	running.Wait()
}

// lookup chooses one address of a host, always the same of the same ones.
func lookup(ctx context.Context, r *net.Resolver, host string) (netip.Addr, bool) {
	ips, err := r.LookupNetIP(ctx, "ip", host+".")
	if err != nil || len(ips) == 0 {
		return netip.Addr{}, false
	}
	for i := range ips {
		ips[i] = ips[i].Unmap()
	}
	return slices.MinFunc(ips, netip.Addr.Compare), true // IPv4 before IPv6
}
