// Package dns is a source of nodes that are listed as SRV records (RFC 2782):
// of Consul's DNS interface, of a Kubernetes headless service, of any zone.
//
// # From record to node
//
// A node is named after the target and the port of its record, host:port in
// lower case and without a trailing dot. That is its address too, unless
// SRV.Resolve is set. Names are never resolved to identify a node, so that an
// outage of DNS renames no node.
//
// The weight of the record is that of the node. If all weights are 0 they count
// as equal; if only some are 0, those nodes are drained. Only nodes of the best
// priority (the lowest number) get keys: the others are drained, because RFC 2782
// uses them only when those are gone. The priority is in the metadata. A target
// that several records name has the best priority and the greatest weight among
// them. A record with the target "." says that there are no nodes.
//
// # What DNS cannot say
//
// A name that does not exist and a name without records are answers without
// nodes: that is what Consul returns for a service without a healthy instance.
// To keep the nodes instead, put a mapper.Guard around the source. Every other
// failure is an error, and the previous nodes stand.
//
// Over UDP, servers may return only some of the records without setting the
// truncation bit: Consul 1.22.5 returned 19 of 30. So the package queries every
// server over TCP. An answer that exceeds even TCP's 64 KiB is [ErrTruncated]. DNS
// does not announce changes: [mapper.Polled] queries at intervals.
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
	"time"

	"github.com/proxenos/proxenos/internal/hostport"
	"github.com/proxenos/proxenos/mapper"
)

// SRV is a source whose nodes are the SRV records of a name. It is safe for
// concurrent use. Its fields must not change once it is used.
type SRV struct {
	// Name is the name to look up: _http._tcp.example.com, or web.service.consul.
	// It is absolute, with or without its last dot: no search list is tried.
	Name string

	// Server is the DNS server to ask: host:port, or a host alone for port 53.
	// Empty asks the servers that the system is configured with.
	Server string

	// Resolver replaces Server if it is not nil. The package cannot see whether
	// its answers are truncated.
	Resolver *net.Resolver

	// Resolve looks up the IP addresses of the targets, so that the address of
	// a node is IP:port: the least IPv4 address if there is one, or else the
	// least IPv6 address. A target without any keeps its name as its address. A
	// lookup that fails otherwise is an error.
	Resolve bool
}

var _ mapper.Asker = (*SRV)(nil)

// ErrTruncated means that an answer holds only some of the records, even over
// TCP. DNS cannot carry the whole set then; another source can.
var ErrTruncated = errors.New("the answer is truncated: DNS cannot carry all records; use another source")

// Nodes is like Ask but returns the nodes alone.
func (s *SRV) Nodes(ctx context.Context) ([]mapper.Node, error) {
	u, err := s.Ask(ctx)
	if err != nil {
		return nil, err
	}
	return u.Nodes, u.Partial()
}

// Ask looks the records up. The resolver's own timeouts apply in addition to
// the context's. A truncated answer is [ErrTruncated]. A record that cannot be
// a node, such as one with port 0, is left out, and the set is partial.
func (s *SRV) Ask(ctx context.Context) (mapper.Update, error) {
	if err := ctx.Err(); err != nil {
		return mapper.Update{}, err
	}
	name := strings.TrimSuffix(s.Name, ".")
	if err := checkName(name); err != nil {
		return mapper.Update{}, err
	}
	u, err := s.lookup(ctx, name)
	switch {
	case ctx.Err() != nil:
		return mapper.Update{}, ctx.Err()
	case err != nil:
		return mapper.Update{}, fmt.Errorf("dns: SRV records of %s: %w", name, err)
	}
	u.Confirmed = time.Now()
	return u, nil
}

func (s *SRV) lookup(ctx context.Context, name string) (mapper.Update, error) {
	var watched inspector
	r := s.resolver(&watched)
	_, records, err := r.LookupSRV(ctx, "", "", name+".")
	if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
		return mapper.Update{}, nil
	}
	if watched.sawTruncated() {
		return mapper.Update{}, fmt.Errorf("%w (%d received)", ErrTruncated, len(records))
	}
	var u mapper.Update
	if err != nil && len(records) > 0 { // the resolver left out records with impossible names
		u.Skipped, err = append(u.Skipped, err), nil
	}
	if err != nil {
		return mapper.Update{}, s.blame(err)
	}
	targets, skipped := targetsOf(records)
	u.Nodes, u.Skipped = nodesOf(targets), append(u.Skipped, skipped...)
	if s.Resolve {
		err = s.resolve(ctx, r, u.Nodes)
		if watched.sawTruncated() {
			err = ErrTruncated
		}
	}
	return u, err
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

// resolver returns what to ask. Unless it is the caller's own, it asks by TCP and
// the inspector sees the answers.
func (s *SRV) resolver(i *inspector) *net.Resolver {
	if s.Resolver != nil {
		return s.Resolver
	}
	dial := func(ctx context.Context, _, address string) (net.Conn, error) {
		if s.Server != "" {
			address = withPort(s.Server)
		}
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		return i.inspect(conn), nil
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

// nodesOf returns the nodes of the targets, sorted by name.
func nodesOf(targets []target) []mapper.Node {
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

// targetsOf normalizes the targets and merges those that occur twice. It leaves
// out records that cannot be reached.
func targetsOf(records []*net.SRV) (targets []target, skipped []error) {
	byName := map[string]target{}
	for _, r := range records {
		t := target{hostport.Host(r.Target), r.Port, r.Priority, r.Weight}
		switch {
		case t.host == "": // "." says that there are no nodes
			continue
		case t.port == 0:
			skipped = append(skipped, fmt.Errorf("record %q: port 0", r.Target))
			continue
		}
		if other, twice := byName[t.name()]; twice {
			t.priority, t.weight = min(t.priority, other.priority), max(t.weight, other.weight)
		}
		byName[t.name()] = t
	}
	return slices.Collect(maps.Values(byName)), skipped
}

// lookups bounds how many addresses are looked up at the same time.
const lookups = 16

// resolve replaces names by IP addresses where there are any. It returns the
// first failure in the order of nodes: a name that keeps its place because its
// address cannot be looked up would move keys.
func (s *SRV) resolve(ctx context.Context, r *net.Resolver, nodes []mapper.Node) error {
	var running sync.WaitGroup
	slots := make(chan struct{}, lookups)
	failed := make([]error, len(nodes))
	for i := range nodes {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			nodes[i].Addr, failed[i] = resolved(ctx, r, nodes[i].Addr)
		})
	}
	running.Wait()
	for i, err := range failed {
		if err != nil {
			return fmt.Errorf("address of %s: %w", nodes[i].Name, s.blame(err))
		}
	}
	return nil
}

// resolved returns host:port with the host replaced by one of its addresses,
// always the same of the same ones: the least IPv4 address, else the least IPv6
// address. A host without addresses stays.
func resolved(ctx context.Context, r *net.Resolver, addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr, err
	}
	for _, network := range []string{"ip4", "ip6"} {
		ips, err := r.LookupNetIP(ctx, network, host+".")
		if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
			continue
		}
		if err != nil {
			return addr, err
		}
		if len(ips) > 0 {
			return net.JoinHostPort(slices.MinFunc(ips, netip.Addr.Compare).Unmap().String(), port), nil
		}
	}
	return addr, nil
}
