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

// Config selects the instances and the agent. The zero value queries the agent that
// the environment names for the passing instances of every service.
type Config struct {
	// Service is the name of the service whose instances are the nodes. Empty
	// means every service, the one called consul included.
	Service string

	// Health says which instances count. Empty means HealthPassing.
	Health Health
	// Catalog asks the catalog instead of the health endpoint. The catalog knows
	// no health: it lists dead instances, and Health is rejected.
	Catalog bool

	// Identity says what names a node, and so what places it. Empty means
	// IdentityInstance.
	Identity Identity
	// ZoneKey is the metadata key that holds a node's zone: the service's
	// metadata, else the node's, else the zone of the locality that either was
	// registered with. Empty means "zone".
	ZoneKey string

	// Datacenter is the datacenter to ask. Empty means the agent's own.
	Datacenter string
	// Near orders Consul's answer by the estimated distance from the node of
	// that name; "_agent" is the agent's own node. The set is the same, and
	// sorted by name.
	Near string
	// NodeMeta keeps the instances on nodes that have all this metadata.
	NodeMeta map[string]string
	// Filter is an expression in Consul's filter language over what the endpoint
	// answers, such as `Service.Meta.version == "2"`. Consul rejects an invalid
	// one, which is ErrFilter. The language can neither compare by size nor match
	// tags against expressions; filter the nodes for that.
	Filter string

	// Consistency says how fresh an answer must be. Empty means
	// ConsistencyDefault.
	Consistency Consistency
	// MaxStale bounds how long the server that answers a ConsistencyStale query
	// may have been without its leader. An older answer is an error. Zero means
	// 10 s.
	MaxStale time.Duration

	// Addr is the agent's address: a URL with http or https, unix:///path, or any
	// part of host:port (host, :port). What it lacks, the scheme and a path prefix
	// included, comes from CONSUL_HTTP_ADDR, else from localhost:8500. So a token
	// that is sent over TLS there is sent over TLS here, unless Addr is an http
	// URL.
	Addr string
	// TokenFile holds the ACL token. A regular file is read again for each query,
	// so that a token can be replaced under a running program. Empty means
	// CONSUL_HTTP_TOKEN_FILE, else CONSUL_HTTP_TOKEN, else no token.
	TokenFile string
	// Client replaces the client that New makes from the environment. Addr and
	// TokenFile must be empty then.
	Client *api.Client

	// Timeout bounds every query, and the time that a blocking query takes beyond
	// its wait. Zero means 5 s.
	Timeout time.Duration
	// Wait is how long a blocking query waits for a change. A watch notices an
	// agent that hangs after Wait, a sixteenth of it and Timeout. Zero means 15 s;
	// Consul accepts at most 10 minutes.
	Wait time.Duration
	// ShrinkHold is how long a watch keeps nodes that are missing after an
	// interruption, because an agent that was started without its state knows only
	// the instances that have registered again. New nodes join at once; an error
	// says that the set may be stale. Zero means 10 s; a negative value drops
	// missing nodes at once.
	ShrinkHold time.Duration

	// Log gets warnings that neither the nodes nor the errors hold. Nil is
	// silent.
	Log *slog.Logger
}

// Consistency says how fresh an answer must be. See
// https://developer.hashicorp.com/consul/api-docs/features/consistency.
type Consistency string

const (
	// ConsistencyDefault asks the leader, which may not know yet that another
	// one was elected.
	ConsistencyDefault Consistency = ""
	// ConsistencyStale asks any server; see Config.MaxStale.
	ConsistencyStale Consistency = "stale"
	// ConsistencyConsistent asks a leader that checks with its peers first.
	ConsistencyConsistent Consistency = "consistent"
	// ConsistencyCached asks the cache of the agent, which the agent keeps up to
	// date. A watch also asks a server at its start, after each failure and once a
	// minute, because a cache that is cut off from the servers does not say so. A
	// failure ends when a server has answered.
	ConsistencyCached Consistency = "cached"
)

const (
	defaultTimeout    = 5 * time.Second
	defaultWait       = 15 * time.Second
	maxWait           = 10 * time.Minute
	defaultShrinkHold = 10 * time.Second
	defaultMaxStale   = 10 * time.Second
	defaultZoneKey    = "zone"
)

// withDefaults replaces zero values by their defaults, and shares nothing with
// the caller that could change.
func (c Config) withDefaults() Config {
	c.Health = cmp.Or(c.Health, HealthPassing)
	c.ZoneKey = cmp.Or(c.ZoneKey, defaultZoneKey)
	c.MaxStale = cmp.Or(c.MaxStale, defaultMaxStale)
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.Wait = cmp.Or(c.Wait, defaultWait)
	c.ShrinkHold = cmp.Or(c.ShrinkHold, defaultShrinkHold)
	c.NodeMeta = maps.Clone(c.NodeMeta)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// check rejects a configuration that contradicts itself.
func (c Config) check() error {
	switch {
	case c.Service != "" && !isServiceName(c.Service):
		return configError("service %q: a name may not have an empty, \".\" or \"..\" part between slashes", c.Service)
	case c.Health != "" && c.Catalog:
		return configError("health %q: the catalog knows no health: remove one of the two", c.Health)
	case c.Client != nil && (c.Addr != "" || c.TokenFile != ""):
		return configError("an address or a token file with a client: the client has its own")
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
	case ConsistencyDefault, ConsistencyStale, ConsistencyConsistent, ConsistencyCached:
		return nil
	}
	return configError("consistency %q: must be %s, %s, %s or empty", string(c), ConsistencyStale, ConsistencyConsistent, ConsistencyCached)
}

// isServiceName reports whether a query can name the service: the name is a
// part of the query's path, where ".." would lead elsewhere.
func isServiceName(service string) bool {
	return path.Clean("/"+service) == "/"+service && !strings.HasSuffix(service, "/")
}

func configError(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrConfig, fmt.Errorf(format, args...))
}
