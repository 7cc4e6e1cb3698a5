package consul

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/consul/api"
)

// Explain says in a sentence why Nodes found nobody, for a person who
// wonders: nothing is registered, nothing counts, or nothing may be read. It
// asks Consul's catalogue, once; its errors are those of Nodes.
func (s *Source) Explain(ctx context.Context) (string, error) {
	var policy string
	count := endpoint[int]{s.config.Service, func(q *api.QueryOptions) (int, *api.QueryMeta, error) {
		n, meta, err := s.registered(q)
		if err == nil {
			policy = meta.DefaultACLPolicy
		}
		return n, meta, err
	}, func(n int) int { return n }}
	a, err := put(ctx, s, count, ask{})
	switch {
	case err != nil:
		return "", err
	case a.value > 0:
		return s.noneCounts(a.value), nil
	default:
		return s.noneSeen(policy == "deny"), nil
	}
}

// registered counts what is there whatever its health and the filters say.
func (s *Source) registered(q *api.QueryOptions) (int, *api.QueryMeta, error) {
	q.Filter, q.NodeMeta = "", nil
	if s.config.Service == "" {
		found, meta, err := s.client.Catalog().Services(q)
		return len(found), meta, err
	}
	found, meta, err := s.client.Catalog().Service(s.config.Service, "", q)
	return len(found), meta, err
}

// noneCounts explains that what is registered was left out.
func (s *Source) noneCounts(registered int) string {
	var lacks []string
	c := &s.config
	if !c.Catalog && c.Health != Any {
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
		return fmt.Sprintf("%s registered: %d, since Consul was asked before", what, registered)
	}
	return fmt.Sprintf("%s registered: %d, but none %s", what, registered, strings.Join(lacks, " and "))
}

// noneSeen explains that nothing is registered. Who has a token is told when
// something was left out; who has none is not.
func (s *Source) noneSeen(denies bool) string {
	what := "Consul knows no service"
	if s.config.Service != "" {
		what = fmt.Sprintf("Consul knows no service %q", s.config.Service)
	}
	if denies && !s.secret {
		return what + ", or it may not be read without an ACL token: CONSUL_HTTP_TOKEN_FILE or CONSUL_HTTP_TOKEN gives one"
	}
	return what
}
