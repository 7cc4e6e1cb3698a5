package consul

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/consul/api"
)

// Explain returns a sentence that says why Nodes found no nodes: nothing is
// registered, nothing counts, or the token lacks read access. It asks Consul's
// catalog once; its errors are those of Nodes.
func (s *Source) Explain(ctx context.Context) (string, error) {
	var policy string
	count := endpoint[int]{s.config.Service, func(o *api.QueryOptions) (int, *api.QueryMeta, error) {
		n, meta, err := s.registered(o)
		if err == nil {
			policy = meta.DefaultACLPolicy
		}
		return n, meta, err
	}, func(n int) int { return n }, nil}
	r, err := do(ctx, s, count, query{})
	switch {
	case err != nil:
		return "", err
	case r.value > 0:
		return s.noneCounts(r.value), nil
	default:
		return s.noneSeen(policy == "deny"), nil
	}
}

// registered counts what is registered, whatever its health and the filters.
func (s *Source) registered(o *api.QueryOptions) (int, *api.QueryMeta, error) {
	o.Filter, o.NodeMeta = "", nil
	if s.config.Service == "" {
		found, meta, err := s.client.Catalog().Services(o)
		return len(found), meta, err
	}
	found, meta, err := s.client.Catalog().Service(s.config.Service, "", o)
	return len(found), meta, err
}

// noneCounts explains that what is registered was left out.
func (s *Source) noneCounts(registered int) string {
	var lacks []string
	c := &s.config
	if !c.Catalog && c.Health != HealthAny {
		lacks = append(lacks, fmt.Sprintf("has the health %q", c.Health))
	}
	if len(c.NodeMeta) > 0 {
		lacks = append(lacks, "is on a node with the metadata asked for")
	}
	if c.Filter != "" {
		lacks = append(lacks, fmt.Sprintf("matches the filter %q", c.Filter))
	}
	what := "instances of service " + fmt.Sprintf("%q", c.Service)
	if c.Service == "" {
		what = "services"
	}
	if len(lacks) == 0 {
		return fmt.Sprintf("%s registered: %d, all of them since the query before", what, registered)
	}
	return fmt.Sprintf("%s registered: %d, but none %s", what, registered, strings.Join(lacks, " and "))
}

// noneSeen explains that nothing is registered. Consul marks an answer that it
// filtered only if the request had a token, and a Config.Client may send none.
func (s *Source) noneSeen(denies bool) string {
	what := "Consul knows no service"
	if s.config.Service != "" {
		what = fmt.Sprintf("Consul knows no service %q", s.config.Service)
	}
	if denies && s.config.Client != nil {
		return what + ", or it may not be read without an ACL token: CONSUL_HTTP_TOKEN_FILE or CONSUL_HTTP_TOKEN gives one"
	}
	return what
}
