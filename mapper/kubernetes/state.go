package kubernetes

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/proxenos/proxenos/internal/nodelist"
	"github.com/proxenos/proxenos/mapper"
)

// state is what is known of the API server's objects.
type state struct {
	config   *Config
	slices   map[string]*slice
	pods     map[string]*pod
	ordinals *ordinals         // nil: the StatefulSet does not exist
	zones    map[string]string // the last known zone of each ordinal
}

func newState(c *Config) *state {
	return &state{config: c, slices: map[string]*slice{}, pods: map[string]*pod{}, zones: map[string]string{}}
}

// joined is what the objects say together.
type joined struct {
	nodes   []mapper.Node // sorted by name
	skipped []error
	unknown bool // an endpoint is of a pod that is not known, perhaps not yet
}

// join returns the nodes. It fails if a port was chosen that the Service does not
// have, and if there is no StatefulSet.
func (t *state) join() (j joined, err error) {
	endpoints, skipped, err := t.endpoints()
	if err != nil {
		return j, err
	}
	j.skipped = skipped
	if t.config.StatefulSet != "" {
		return t.places(j, endpoints)
	}
	candidates := make([]candidate, 0, len(endpoints))
	for _, e := range endpoints {
		if !t.config.Ready.counts(e.node.Meta[MetaState]) {
			continue
		}
		n, err := t.node(e, &j)
		if err != nil {
			j.skipped = append(j.skipped, err)
			continue
		}
		candidates = append(candidates, candidate{n, e})
	}
	t.choose(candidates, &j)
	return j, nil
}

// endpoints returns one endpoint of each pod: of the preferred family, and of the
// slice that changed last, as a pod is in two slices while it moves between them.
func (t *state) endpoints() (found map[string]*endpoint, skipped []error, err error) {
	total, usable := 0, false
	for _, s := range t.slices {
		total += len(s.endpoints)
		usable = usable || s.portErr == nil && len(s.endpoints) > 0
	}
	found = make(map[string]*endpoint, total)
	for _, s := range sortedSlices(t.slices) {
		if s.portErr != nil {
			if !usable {
				return nil, nil, fmt.Errorf("%w: %w", ErrConfig, s.portErr)
			}
			skipped = append(skipped, s.portErr)
			continue
		}
		for i := range s.endpoints {
			e := &s.endpoints[i]
			key := e.key()
			if other := found[key]; other == nil || e.before(other) {
				found[key] = e
			}
		}
	}
	return found, skipped, nil
}

// before reports whether e stands rather than another endpoint of its pod.
func (e *endpoint) before(other *endpoint) bool {
	return cmp.Or(cmp.Compare(e.family, other.family), cmp.Compare(other.version, e.version)) < 0
}

func sortedSlices(m map[string]*slice) []*slice {
	all := make([]*slice, 0, len(m))
	for _, s := range m {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *slice) int { return cmp.Compare(a.name, b.name) })
	return all
}

// node returns the node of an endpoint.
func (t *state) node(e *endpoint, j *joined) (n mapper.Node, err error) {
	var p *pod
	if t.config.readsPods() && e.pod != "" {
		if p = t.pods[e.pod]; p == nil {
			j.unknown = true
			return n, fmt.Errorf("%s is not known to the API server", e)
		}
	}
	n = e.node
	if n.Name, err = t.config.Identity.name(e, p); err != nil {
		return n, err
	}
	if p != nil {
		if err := p.weigh(&n); err != nil {
			return n, fmt.Errorf("%s: %w", e, err)
		}
	}
	if err := nodelist.Check(nodelist.Node(n)); err != nil {
		return n, fmt.Errorf("%s: %w", e, err)
	}
	return n, nil
}

// candidate is a node and where it comes from.
type candidate struct {
	mapper.Node
	endpoint *endpoint
}

// choose sorts the candidates by name and keeps one of each name: one that is not
// drained, then the one that changed last. Two that are not drained have a label
// or an address in common, and the set is partial; on one Kubernetes node several
// pods are expected.
func (t *state) choose(candidates []candidate, j *joined) {
	drained := func(c candidate) int {
		if c.Drain {
			return 1
		}
		return 0
	}
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(drained(a), drained(b)),
			cmp.Compare(b.endpoint.version, a.endpoint.version), cmp.Compare(a.endpoint.key(), b.endpoint.key()))
	})
	j.nodes = make([]mapper.Node, 0, len(candidates))
	var last *endpoint
	for _, c := range candidates {
		if i := len(j.nodes) - 1; i >= 0 && j.nodes[i].Name == c.Name {
			if !c.Drain && t.config.Identity != IdentityNode {
				j.skipped = append(j.skipped, fmt.Errorf("%s has the name %q of %s", c.endpoint, c.Name, last))
			}
			continue
		}
		j.nodes, last = append(j.nodes, c.Node), c.endpoint
	}
}

// places returns the ordinals of the StatefulSet. None is drained: a pod that
// terminates returns under its name.
func (t *state) places(j joined, endpoints map[string]*endpoint) (joined, error) {
	set := t.config.StatefulSet
	if t.ordinals == nil {
		return j, fmt.Errorf("%w: there is no StatefulSet %q", ErrNotFound, set)
	}
	j.nodes = make([]mapper.Node, 0, t.ordinals.count)
	for i := range t.ordinals.count {
		name := set + "-" + strconv.Itoa(t.ordinals.start+i)
		n := mapper.Node{Zone: t.zones[name], Meta: metaOf(t.config.Service, name, "", stateAbsent)}
		if e := endpoints[name]; e != nil {
			n = e.node
			n.Drain = false
			t.zones[name] = n.Zone
		}
		n.Name = name
		if err := nodelist.Check(nodelist.Node(n)); err != nil {
			j.skipped = append(j.skipped, fmt.Errorf("pod %q: %w", name, err))
			continue
		}
		j.nodes = append(j.nodes, n)
	}
	slices.SortFunc(j.nodes, func(a, b mapper.Node) int { return cmp.Compare(a.Name, b.Name) })
	return j, nil
}
