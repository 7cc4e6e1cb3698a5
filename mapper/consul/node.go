package consul

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/consul/api"

	"github.com/proxenos/proxenos/internal/nodelist"
	"github.com/proxenos/proxenos/mapper"
)

// Keys that Nodes adds to the metadata of a service. Consul rejects a colon in a
// registration, so that they cannot clash; they replace such a key all the same.
const (
	MetaService = "consul:service" // the name of the service
	MetaNode    = "consul:node"    // the name of the Consul node
	MetaStatus  = "consul:status"  // passing, warning, critical or maintenance; not with Config.Catalog
)

// DomainKey is the metadata key that holds a node's path of failure domains, such
// as eu/eu-1/r07: the service's metadata, else the node's. A value with an empty
// name is no path, and the node has no domain.
const DomainKey = "domain"

// member is a node with what decides between two of the same name, or an instance
// that cannot be one.
type member struct {
	mapper.Node
	registered uint64 // the index of the registration: greater is newer
	instance   string
	unusable   error // why the instance is left out
}

// members converts an answer, leaving out instances whose health does not count.
func (c Config) members(entries []*api.ServiceEntry) ([]member, error) {
	out := make([]member, 0, len(entries))
	for _, e := range entries {
		if e == nil || e.Node == nil || e.Service == nil {
			out = append(out, member{unusable: errNoInstance})
			continue
		}
		status := statusOf(e)
		if !c.Catalog && !c.Health.admits(status) {
			continue
		}
		m, err := c.member(e, status)
		if err != nil {
			return nil, err
		}
		m.unusable = unusable(e, m.Node)
		out = append(out, m)
	}
	return out, nil
}

var errNoInstance = errors.New("an instance without a node or a service")

// unusable returns why an instance cannot be a node. Consul accepts any text as an
// address and any number as a port in its catalog.
func unusable(e *api.ServiceEntry, n mapper.Node) (err error) {
	switch {
	case e.Node.Node == "" || e.Service.ID == "" && e.Service.Service == "":
		err = errors.New("it has no name")
	case e.Service.Port < 0:
		err = fmt.Errorf("port %d must not be negative", e.Service.Port)
	default:
		err = nodelist.Check(nodelist.Node(n))
	}
	if err != nil {
		return fmt.Errorf("instance %q: %w", instanceName(e), err)
	}
	return nil
}

func (c Config) member(e *api.ServiceEntry, status string) (member, error) {
	addr := addressOf(e)
	name, err := c.Identity.name(e, addr)
	if err != nil {
		return member{}, err
	}
	m := member{registered: e.Service.ModifyIndex, instance: instanceName(e)}
	m.Node = mapper.Node{
		Name:   name,
		Addr:   addr,
		Zone:   c.zoneOf(e),
		Domain: nodelist.Domain(metaOf(e, DomainKey)),
		Tags:   e.Service.Tags,
		Meta:   maps.Clone(e.Service.Meta),
	}
	if m.Meta == nil {
		m.Meta = make(map[string]string, 3)
	}
	m.Meta[MetaService], m.Meta[MetaNode] = e.Service.Service, e.Node.Node
	if !c.Catalog {
		m.Meta[MetaStatus] = status
	}
	weigh(&m.Node, e.Service.Weights, status)
	return m, nil
}

func (c Config) zoneOf(e *api.ServiceEntry) string {
	zone := metaOf(e, c.ZoneKey)
	for _, l := range []*api.Locality{e.Service.Locality, e.Node.Locality} {
		if l != nil {
			zone = cmp.Or(zone, l.Zone)
		}
	}
	return zone
}

// nodes sorts members by name and separates the unusable ones. Of those with the
// same name only the newest registration stands: an address may be registered
// again under another ID.
func (c Config) nodes(members []member) (nodes []mapper.Node, skipped []error) {
	slices.SortFunc(members, func(a, b member) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(b.registered, a.registered),
			cmp.Compare(a.instance, b.instance))
	})
	nodes = make([]mapper.Node, 0, len(members))
	for _, m := range members {
		if m.unusable != nil {
			skipped = append(skipped, m.unusable)
			continue
		}
		if last := len(nodes) - 1; last >= 0 && nodes[last].Name == m.Name {
			c.Log.Warn("two registrations share a name: the newer one stands", "name", m.Name, "dropped", m.instance)
			continue
		}
		nodes = append(nodes, m.Node)
	}
	return nodes, skipped
}
