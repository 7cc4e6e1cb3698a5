package source

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// query identifies the query of the sources, to bind the file of --cache to it. It
// omits the address of a server, which may be another one of the same cluster, and
// secrets.
func (o *Flags) query() string {
	var queries []string
	for _, one := range o.each() {
		queries = append(queries, one.queryOne())
	}
	if o.prefix {
		queries = append(queries, "prefix-source")
	}
	return strings.Join(queries, "; ")
}

// queryOne identifies the query of one source.
func (o *Flags) queryOne() string {
	var b strings.Builder
	b.WriteString(o.Backend)
	add := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, " %s=%q", name, value)
		}
	}
	switch o.Backend {
	case "consul":
		c := &o.consul
		add("service", c.service)
		add("datacenter", c.datacenter)
		add("health", c.health.String())
		add("identity", cmp.Or(c.identity, instanceIdentity))
		add("zone-meta", c.zone)
		add("filter", c.filter)
		if c.catalog {
			add("catalog", "true")
		}
		for _, key := range slices.Sorted(maps.Keys(c.nodeMeta)) {
			add("node-meta", key+"="+c.nodeMeta[key])
		}
	case "kubernetes":
		o.kubernetesQuery(add)
	case "etcd":
		add("prefix", o.etcd.prefix)
	case "sd", "http":
		o.listQuery(add)
	case "dns":
		add("name", o.dns.name)
		if o.dns.resolve {
			add("resolve", "true")
		}
	case "static":
		add("file", o.file)
		for _, n := range o.nodes {
			add("node", n)
		}
	case "swim":
		add("cluster", o.swim.Label())
	case "p2p":
		add("address", o.address())
	}
	return b.String()
}
