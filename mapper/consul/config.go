package consul

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"path"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"
)

// Config says what to ask Consul, and how. The zero value asks the agent that
// the environment names for the passing instances of every service.
type Config struct {
	// Service is the name of the service whose instances are the nodes. Empty
	// is every service, the one called consul among them.
	Service string

	// Health says which instances count. Empty is Passing.
	Health Health
	// Catalog asks the catalogue instead of the health endpoint. It knows no
	// health: dead instances are listed, and Health is refused.
	Catalog bool

	// Identity says what names a node, and so what places it. Empty is
	// IdentityInstance.
	Identity Identity
	// ZoneKey is the metadata key that holds a node's zone: the service's
	// metadata, else the node's, else the zone of the locality that either
	// was registered with. Empty is "zone".
	ZoneKey string

	// Datacenter is the datacenter to ask. Empty is the agent's own.
	Datacenter string
	// Near is handed to Consul, which estimates distances from the node of
	// that name ("_agent" is the agent's own) and orders its answer by them.
	// The set is the same and stays sorted by name.
	Near string
	// NodeMeta keeps the instances on nodes that have all this metadata.
	NodeMeta map[string]string
	// Filter is an expression in Consul's filter language over what the
	// endpoint answers, such as `Service.Meta.version == "2"`. One that
	// Consul does not take gives errors that are ErrFilter. It cannot compare
	// by size and cannot match tags against expressions; filter the nodes for
	// that.
	Filter string

	// Consistency says how fresh an answer is to be. Empty is Default.
	Consistency Consistency
	// MaxStale bounds how long the server that answers a Stale query may have
	// been without its leader; beyond it the answer is an error. Zero is 10 s.
	MaxStale time.Duration

	// Addr is the agent's address: host:port, a URL with http or https, or
	// unix:///path. Empty is CONSUL_HTTP_ADDR, else localhost:8500. It
	// overrides nothing else of the environment.
	Addr string
	// TokenFile holds the ACL token. A regular file is read again for each
	// query, so that a token can be exchanged under a running program. Empty is CONSUL_HTTP_TOKEN_FILE, else
	// CONSUL_HTTP_TOKEN, else no token.
	TokenFile string
	// Client is asked instead of one made from the environment, Addr and
	// TokenFile, which are refused beside it.
	Client *api.Client

	// Timeout bounds every query, and what a query that waits takes beyond
	// its wait. Zero is 5 s.
	Timeout time.Duration
	// Wait is how long a watching query waits for a change before it asks
	// again. An agent that hangs is noticed after Wait, a sixteenth of it and
	// Timeout. Zero is 15 s; Consul takes no more than 10 minutes.
	Wait time.Duration
	// EmptyHold is how long a watch that was interrupted takes "there is
	// nobody" for the ignorance of an agent that was just started. Zero is
	// 10 s; negative believes it at once.
	EmptyHold time.Duration

	// Log is told what the nodes and the errors do not say. Nil is silence.
	Log *slog.Logger
}

// Consistency says how fresh an answer is to be. See
// https://developer.hashicorp.com/consul/api-docs/features/consistency.
type Consistency string

// The ways to ask.
const (
	Default    Consistency = ""           // by the leader, which may not know that it was deposed
	Stale      Consistency = "stale"      // by any server, see Config.MaxStale
	Consistent Consistency = "consistent" // by a leader that asked its peers first
	Cached     Consistency = "cached"     // by the agent's own cache, which it keeps up to date
)

const (
	defaultTimeout   = 5 * time.Second
	defaultWait      = 15 * time.Second
	maxWait          = 10 * time.Minute
	defaultEmptyHold = 10 * time.Second
	defaultMaxStale  = 10 * time.Second
	defaultZoneKey   = "zone"
)

// withDefaults fills in what zero values stand for, and shares nothing with
// the caller that could change.
func (c Config) withDefaults() Config {
	c.Health = cmp.Or(c.Health, Passing)
	c.ZoneKey = cmp.Or(c.ZoneKey, defaultZoneKey)
	c.MaxStale = cmp.Or(c.MaxStale, defaultMaxStale)
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.Wait = cmp.Or(c.Wait, defaultWait)
	c.EmptyHold = cmp.Or(c.EmptyHold, defaultEmptyHold)
	c.NodeMeta = maps.Clone(c.NodeMeta)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// check refuses a configuration that cannot mean anything.
func (c Config) check() error {
	switch {
	case c.Service != "" && !askable(c.Service):
		return configError("service %q: a name may not have an empty, \".\" or \"..\" part between slashes", c.Service)
	case c.Health != "" && c.Catalog:
		return configError("health %q: the catalogue knows no health; leave one of the two out", c.Health)
	case c.Client != nil && (c.Addr != "" || c.TokenFile != ""):
		return configError("an address or a token file beside a client: the client has its own")
	case c.Timeout < 0 || c.MaxStale < 0:
		return configError("timeout %v, greatest staleness %v: neither may be negative", c.Timeout, c.MaxStale)
	case c.Wait < 0 || c.Wait > maxWait:
		return configError("wait %v: must be between 0 and %v", c.Wait, maxWait)
	}
	for _, err := range []error{c.Health.check(), c.Identity.check(), c.Consistency.check()} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c Consistency) check() error {
	switch c {
	case Default, Stale, Consistent, Cached:
		return nil
	}
	return configError("consistency %q: must be %s, %s, %s or empty", string(c), Stale, Consistent, Cached)
}

// askable reports whether Consul can be asked for a service of that name: the
// name is a part of the query's path, where ".." would lead elsewhere.
func askable(service string) bool {
	return path.Clean("/"+service) == "/"+service && !strings.HasSuffix(service, "/")
}

func configError(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrConfig, fmt.Errorf(format, args...))
}
