package kubernetes

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// Config says what to ask the API server, and how. Service or Selector is
// required; the zero value of everything else has a default.
type Config struct {
	// Service is the name of the Service whose endpoints are the nodes. All its
	// EndpointSlices count.
	Service string
	// Namespace is the namespace of the Service. Empty means that of the context
	// of the kubeconfig file or of the pod, else "default".
	Namespace string
	// Selector is a label selector for EndpointSlices, which carry the labels of
	// their Service: "app=web,tier!=test". With Service too, both must match.
	Selector string
	// Port is the name or the number of the port that Addr holds. Empty means the
	// only port. A Service with several ports needs it.
	Port string

	// Ready selects the endpoints that count. Empty means ReadyOnly.
	Ready Readiness
	// Identity says what names a node, and so what places it. Empty means
	// IdentityPod.
	Identity Identity
	// WeightKey is the annotation, else the label, of a pod that holds its weight,
	// a number; 0 drains the node. Empty means that all weights are equal. Needs
	// read access to pods.
	WeightKey string
	// StatefulSet is the name of a StatefulSet whose ordinals are the nodes,
	// whether or not their pods exist at the moment: a pod that restarts keeps its
	// keys. Scaling the StatefulSet changes the nodes. Endpoints of the Service
	// give the addresses. Needs read access to statefulsets, IdentityPod, and
	// neither Ready nor WeightKey.
	StatefulSet string

	// Kubeconfig is the path of a kubeconfig file. Empty means the files that
	// KUBECONFIG lists, else ~/.kube/config, else the service account of the pod
	// in which the program runs.
	Kubeconfig string
	// Context is the context of the kubeconfig file. Empty means its
	// current-context.
	Context string
	// Server is the URL of the API server and replaces that of the kubeconfig
	// file or of the pod.
	Server string
	// CAFile holds the certificates to trust, PEM, and replaces those of the
	// kubeconfig file or of the pod. New reads them once.
	CAFile string
	// TokenFile holds a bearer token and replaces the credentials of the
	// kubeconfig file or of the pod. A regular file is read again for each
	// request, so that a token can be replaced under a running program.
	TokenFile string
	// NoExec refuses to run the credential plug-in that a kubeconfig file names.
	NoExec bool
	// Client replaces the HTTP client, with its own credentials. Server is
	// required then, and nothing else is read that says how to connect.
	Client *http.Client

	// Timeout bounds each request, the beginning of a watch included, and the
	// time that a watch takes beyond its Wait. Zero means 5 s.
	Timeout time.Duration
	// Wait is how long a watch lasts until it is renewed, at least 1 s. A renewal
	// uses the current token, and notices revoked permissions and a dead etcd. An
	// HTTP/1 server that hangs is noticed after Wait and Timeout; one that speaks
	// HTTP/2, as API servers do, after three times Timeout. Zero means 1 min.
	Wait time.Duration
	// ShrinkHold is how long a watch keeps missing nodes after an API server came
	// back with an older state, or with none: its Services and EndpointSlices may
	// be created again. New nodes join at once; an error says that the set may be
	// stale. Zero means 10 s; a negative value drops missing nodes at once.
	ShrinkHold time.Duration

	// Log gets warnings that neither the nodes nor the errors hold. Nil is
	// silent.
	Log *slog.Logger
}

// Readiness says which endpoints count. A terminating pod that counts is always
// drained, except as an ordinal of Config.StatefulSet.
type Readiness string

const (
	// ReadyOnly counts ready endpoints: a pod whose readiness probe fails loses
	// its keys until the probe succeeds.
	ReadyOnly Readiness = "ready"
	// ReadyServing also counts terminating pods that still serve.
	ReadyServing Readiness = "serving"
	// ReadyAny counts all endpoints. Readiness then says nothing about placement.
	ReadyAny Readiness = "any"
)

func (r Readiness) check() error {
	switch r {
	case "", ReadyOnly, ReadyServing, ReadyAny:
		return nil
	}
	return configError("readiness %q: must be %s, %s or %s", string(r), ReadyOnly, ReadyServing, ReadyAny)
}

const (
	defaultTimeout    = 5 * time.Second
	defaultWait       = time.Minute
	minWait           = time.Second
	maxWait           = time.Hour
	defaultShrinkHold = 10 * time.Second
)

func (c Config) withDefaults() Config {
	c.Ready = cmp.Or(c.Ready, ReadyOnly)
	if c.StatefulSet != "" {
		c.Ready = ReadyAny
	}
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.Wait = cmp.Or(c.Wait, defaultWait)
	c.ShrinkHold = cmp.Or(c.ShrinkHold, defaultShrinkHold)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// check rejects a configuration that contradicts itself.
func (c Config) check() error {
	switch {
	case c.Service == "" && c.Selector == "":
		return configError("no service: name one, or select endpointslices by their labels")
	case c.Client != nil && c.Server == "":
		return configError("a client without a server: set both")
	case c.Client != nil && (c.Kubeconfig != "" || c.Context != "" || c.CAFile != "" || c.TokenFile != ""):
		return configError("a kubeconfig file, certificates or a token with a client: the client has its own")
	case c.Timeout < 0:
		return configError("timeout %v: may not be negative", c.Timeout)
	case c.Wait != 0 && (c.Wait < minWait || c.Wait > maxWait):
		return configError("wait %v: must be between %v and %v", c.Wait, minWait, maxWait)
	case c.StatefulSet != "" && (c.Ready != "" && c.Ready != ReadyAny || c.WeightKey != "" || c.Identity != IdentityPod):
		return configError("StatefulSet %q: its nodes are its ordinals: remove readiness, weight key and identity", c.StatefulSet)
	}
	for _, name := range []string{c.Service, c.Namespace, c.StatefulSet} {
		if name != "" && !isName(name) {
			return configError("%q is not the name of an object: want lower-case letters, digits, \"-\" and \".\"", name)
		}
	}
	if err := c.Ready.check(); err != nil {
		return err
	}
	return c.Identity.check()
}

// isName reports whether a name is a DNS subdomain, as all names of objects are
// that become part of a path.
func isName(name string) bool {
	for i := range len(name) {
		b := name[i]
		alphanumeric := 'a' <= b && b <= 'z' || '0' <= b && b <= '9'
		if edge := i == 0 || i == len(name)-1; !alphanumeric && (edge || b != '-' && b != '.') {
			return false
		}
	}
	return name != "" && len(name) <= 253
}

func configError(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrConfig, fmt.Errorf(format, args...))
}
