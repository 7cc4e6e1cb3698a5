package kubernetes

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/proxenos/proxenos/internal/hostport"
	"github.com/proxenos/proxenos/mapper"
)

// Keys of the metadata of a node.
const (
	MetaService = "kubernetes:service" // the name of the Service
	MetaPod     = "kubernetes:pod"     // the name of the pod, if the endpoint is of one
	MetaNode    = "kubernetes:node"    // the name of the Kubernetes node, if it is known
	// MetaState is ready, serving (a terminating pod that still serves),
	// terminating, not-ready, or absent (an ordinal without an endpoint).
	MetaState = "kubernetes:state"
)

// States of an endpoint.
const (
	stateReady       = "ready"
	stateServing     = "serving"
	stateTerminating = "terminating"
	stateNotReady    = "not-ready"
	stateAbsent      = "absent"
)

// serviceLabel is the label by which an EndpointSlice names its Service.
const serviceLabel = "kubernetes.io/service-name"

// sliceObject is an EndpointSlice as the API server sends it.
type sliceObject struct {
	Metadata    metadata         `json:"metadata"`
	AddressType string           `json:"addressType"`
	Endpoints   []endpointObject `json:"endpoints"`
	Ports       []portObject     `json:"ports"`
}

type endpointObject struct {
	Addresses  []string `json:"addresses"`
	Conditions struct {
		Ready       *bool `json:"ready"`
		Serving     *bool `json:"serving"`
		Terminating *bool `json:"terminating"`
	} `json:"conditions"`
	NodeName  string `json:"nodeName"`
	Zone      string `json:"zone"`
	TargetRef *struct {
		Kind string `json:"kind"`
		Name string `json:"name"`
	} `json:"targetRef"`
}

type portObject struct {
	Name string `json:"name"`
	Port int    `json:"port"`
}

// slice is what is kept of an EndpointSlice.
type slice struct {
	name      string
	endpoints []endpoint
	portErr   error // why its endpoints have no port
}

// endpoint is what is kept of an endpoint.
type endpoint struct {
	node    mapper.Node // without a name
	pod     string      // the name of the pod; may be empty
	host    string      // the name of the Kubernetes node; may be empty
	family  int         // lower is preferred
	version uint64      // of the slice
}

// String names the endpoint in errors.
func (e *endpoint) String() string {
	if e.pod != "" {
		return fmt.Sprintf("pod %q", e.pod)
	}
	return fmt.Sprintf("endpoint %q", e.node.Addr)
}

// key is the same for all endpoints of a pod: it has one for each family of
// addresses, and one in each of two slices while it moves between them.
func (e *endpoint) key() string {
	if e.pod != "" {
		return e.pod
	}
	return "/" + e.node.Addr // no name of a pod has a slash
}

// families are the address types in the order of preference.
var families = []string{"IPv4", "IPv6", "FQDN"}

// sliceOf returns what is kept of an EndpointSlice. Endpoints that do not count
// stay in it, as another slice may say the contrary of the same pod.
func (c *Config) sliceOf(o *sliceObject) *slice {
	s := &slice{name: o.Metadata.Name, endpoints: make([]endpoint, 0, len(o.Endpoints))}
	family := slices.Index(families, o.AddressType)
	if family < 0 {
		family = len(families)
	}
	port, err := c.port(o.Ports)
	if err != nil && len(o.Endpoints) > 0 {
		s.portErr = fmt.Errorf("endpointslice %q: %w", s.name, err)
	}
	for i := range o.Endpoints {
		e := &o.Endpoints[i]
		if len(e.Addresses) == 0 {
			continue // the API server does not accept one
		}
		kept := endpoint{host: e.NodeName, family: family, version: number(o.Metadata.ResourceVersion)}
		if e.TargetRef != nil && e.TargetRef.Kind == "Pod" {
			kept.pod = e.TargetRef.Name
		}
		state := e.state()
		kept.node = mapper.Node{
			Addr: hostport.Join(hostport.Host(e.Addresses[0]), port),
			Zone: e.Zone, Drain: state == stateServing || state == stateTerminating,
			Meta: metaOf(o.Metadata.Labels[serviceLabel], kept.pod, kept.host, state),
		}
		s.endpoints = append(s.endpoints, kept)
	}
	return s
}

func metaOf(service, pod, node, state string) map[string]string {
	meta := make(map[string]string, 4)
	for _, m := range [][2]string{{MetaService, service}, {MetaPod, pod}, {MetaNode, node}, {MetaState, state}} {
		if m[1] != "" {
			meta[m[0]] = m[1]
		}
	}
	return meta
}

// state returns the state that the conditions say. Ready counts as true if it is
// missing, and serving as ready; the API reference asks for that.
func (e *endpointObject) state() string {
	is := func(condition *bool, otherwise bool) bool {
		if condition == nil {
			return otherwise
		}
		return *condition
	}
	ready := is(e.Conditions.Ready, true)
	serving := is(e.Conditions.Serving, ready)
	switch terminating := is(e.Conditions.Terminating, false); {
	case terminating && (serving || ready): // ready: publishNotReadyAddresses
		return stateServing
	case terminating:
		return stateTerminating
	case ready:
		return stateReady
	}
	return stateNotReady
}

// counts reports whether an endpoint of that state is a node.
func (r Readiness) counts(state string) bool {
	switch r {
	case ReadyAny:
		return true
	case ReadyServing:
		return state == stateReady || state == stateServing
	}
	return state == stateReady
}

// errSeveralPorts means that a Service has several ports and none was chosen.
var errSeveralPorts = errors.New("the service has several ports")

// port returns the port that Config.Port chooses; 0 is none.
func (c *Config) port(ports []portObject) (int, error) {
	if c.Port == "" {
		chosen := 0
		for _, p := range ports {
			if chosen != 0 && p.Port != chosen {
				return 0, fmt.Errorf("%w, %s: choose one", errSeveralPorts, portNames(ports))
			}
			chosen = p.Port
		}
		return chosen, nil
	}
	for _, p := range ports {
		if p.Name == c.Port || strconv.Itoa(p.Port) == c.Port {
			return p.Port, nil
		}
	}
	return 0, fmt.Errorf("no port %q: there are %s", c.Port, portNames(ports))
}

// portNames lists ports as name=number.
func portNames(ports []portObject) string {
	if len(ports) == 0 {
		return "none"
	}
	names := make([]string, len(ports))
	for i, p := range ports {
		names[i] = fmt.Sprintf("%s=%d", printable(p.Name), p.Port)
	}
	return strings.Join(names, ", ")
}

// podObject is the metadata of a pod.
type podObject struct {
	Metadata metadata `json:"metadata"`
}

// pod is what is kept of a pod.
type pod struct {
	labels map[string]string // the one of the identity, if any
	weight string            // the text; empty is none
}

func (c *Config) podOf(o *podObject) *pod {
	p := &pod{}
	if key, ok := c.Identity.labelKey(); ok {
		p.labels = map[string]string{key: o.Metadata.Labels[key]}
	}
	if c.WeightKey != "" {
		p.weight = o.Metadata.Annotations[c.WeightKey]
		if p.weight == "" {
			p.weight = o.Metadata.Labels[c.WeightKey]
		}
	}
	return p
}

// weigh gives the node the weight of its pod.
func (p *pod) weigh(n *mapper.Node) error {
	if p.weight == "" {
		return nil
	}
	w, err := strconv.ParseFloat(p.weight, 64)
	if err != nil || math.IsNaN(w) || w < 0 || w > mapper.MaxWeight {
		return fmt.Errorf("weight %.40q: want a number from 0 to %g", p.weight, mapper.MaxWeight)
	}
	n.Weight, n.Drain = w, n.Drain || w == 0
	return nil
}

// statefulSetObject is a StatefulSet as the API server sends it.
type statefulSetObject struct {
	Metadata metadata `json:"metadata"`
	Spec     struct {
		Replicas *int `json:"replicas"`
		Ordinals struct {
			Start int `json:"start"`
		} `json:"ordinals"`
	} `json:"spec"`
}

// ordinals are the first ordinal of a StatefulSet, and how many there are.
type ordinals struct{ start, count int }

// maxOrdinals bounds what a StatefulSet may claim.
const maxOrdinals = 100_000

func ordinalsOf(o *statefulSetObject) *ordinals {
	count := 1
	if o.Spec.Replicas != nil {
		count = *o.Spec.Replicas
	}
	return &ordinals{max(o.Spec.Ordinals.Start, 0), min(max(count, 0), maxOrdinals)}
}

func (s *Source) slices() *resource[sliceObject] {
	return &resource[sliceObject]{
		name: "endpointslices.discovery.k8s.io", kind: "EndpointSliceList",
		path:  "/apis/discovery.k8s.io/v1/namespaces/" + s.namespace + "/endpointslices",
		query: url.Values{"labelSelector": {s.config.selector()}},
		meta:  func(o *sliceObject) *metadata { return &o.Metadata },
		keep:  func(t *state, o *sliceObject) { t.slices[o.Metadata.Name] = s.config.sliceOf(o) },
		drop:  func(t *state, name string) { delete(t.slices, name) },
		clear: func(t *state) { clear(t.slices) },
	}
}

// selector returns the label selector for EndpointSlices.
func (c *Config) selector() string {
	if c.Service == "" {
		return c.Selector
	}
	selector := serviceLabel + "=" + c.Service
	if c.Selector != "" {
		selector += "," + c.Selector
	}
	return selector
}

// readsPods reports whether the metadata of pods is needed.
func (c *Config) readsPods() bool {
	_, byLabel := c.Identity.labelKey()
	return byLabel || c.WeightKey != ""
}

// partialKind is the kind of an object that holds its metadata alone.
const partialKind = "PartialObjectMetadata"

func (s *Source) pods() *resource[podObject] {
	return &resource[podObject]{
		name: "pods", kind: partialKind + "List",
		path:  "/api/v1/namespaces/" + s.namespace + "/pods",
		query: url.Values{},
		meta:  func(o *podObject) *metadata { return &o.Metadata },
		keep:  func(t *state, o *podObject) { t.pods[o.Metadata.Name] = s.config.podOf(o) },
		drop:  func(t *state, name string) { delete(t.pods, name) },
		clear: func(t *state) { clear(t.pods) },
	}
}

func (s *Source) statefulSets() *resource[statefulSetObject] {
	return &resource[statefulSetObject]{
		name: "statefulsets.apps", kind: "StatefulSetList",
		path:  "/apis/apps/v1/namespaces/" + s.namespace + "/statefulsets",
		query: url.Values{"fieldSelector": {"metadata.name=" + s.config.StatefulSet}},
		meta:  func(o *statefulSetObject) *metadata { return &o.Metadata },
		keep:  func(t *state, o *statefulSetObject) { t.ordinals = ordinalsOf(o) },
		drop:  func(t *state, _ string) { t.ordinals = nil },
		clear: func(t *state) { t.ordinals = nil },
	}
}
