package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/consul"
	"github.com/proxenos/proxenos/mapper/kubernetes"
)

// consulOptions holds the flags of the consul backend.
type consulOptions struct {
	service     string
	health      term.Choice
	catalog     bool
	identity    string
	zone        string
	datacenters []string
	datacenter  string // one of them
	near        string
	nodeMeta    map[string]string
	filter      string
	consistency term.Choice
	tokenFile   string
}

// bind declares the flags on a command.
func (o *consulOptions) bind(c *cobra.Command) {
	const title = "Consul (--host and --port override CONSUL_HTTP_ADDR)"
	o.health = term.Choose("--health", "passing", "warning", "any")
	o.consistency = term.Choose("--consistency", "default", "stale", "consistent", "cached")
	term.AddGroup(c, title, func(fs *pflag.FlagSet) {
		fs.StringVarP(&o.service, "service", "s", "", "`name` of the service whose instances are the nodes (default all services; required for kubernetes)")
		fs.Var(&o.health, "health", "required health of instances: passing, warning (includes passing) or any")
		fs.BoolVar(&o.catalog, "catalog", false, "query the catalog, which lists instances regardless of health")
		fs.StringVar(&o.identity, "identity", "", "ID of a node: instance (node/service-id), address or meta:KEY; for kubernetes: pod, address, node or label:KEY (default instance or pod)")
		fs.StringVar(&o.zone, "zone-meta", "zone", "metadata `key` of the zone")
		fs.StringSliceVar(&o.datacenters, "datacenter", nil, "`name` of the datacenter, or several with commas (default the agent's)")
		fs.StringVar(&o.near, "near", "", "sort by distance from this Consul `node`; _agent is the agent's")
		fs.StringToStringVar(&o.nodeMeta, "node-meta", nil, "keep instances on Consul nodes with this `key=value` in their metadata; may be repeated")
		fs.Lookup("node-meta").DefValue = "" // hide the default, an empty list
		fs.StringVar(&o.filter, "filter", "", "filter `expression` for Consul, in its own language")
		fs.Var(&o.consistency, "consistency", "consistency mode of queries: default, stale, consistent or cached")
		fs.StringVar(&o.tokenFile, "token-file", "", "`file` with the token; overrides CONSUL_HTTP_TOKEN and CONSUL_HTTP_TOKEN_FILE, or the kubeconfig file")
	})
	aboutBackends(c, title, "consul")
	term.Complete(c, "identity", []string{"instance", "address", "meta:", "pod", "node", "label:"})
}

// instanceIdentity is the default of --identity.
const instanceIdentity = "instance"

// parse validates the flags.
func (o *consulOptions) parse(c *cobra.Command) error {
	for i, name := range o.datacenters {
		if name == "" || slices.Contains(o.datacenters[:i], name) {
			return term.Usagef("--datacenter: the name %q is empty or given twice", name)
		}
	}
	switch {
	case o.catalog && c.Flags().Changed("health"):
		return term.Hint(term.Usagef("--health and --catalog are mutually exclusive"), "the catalog ignores health; remove one of the flags")
	default:
		return nil
	}
}

// consulConfig returns the configuration of the source.
func (o *Flags) consulConfig(std *term.Streams) consul.Config {
	c := &o.consul
	config := consul.Config{
		Service:    c.service,
		Catalog:    c.catalog,
		ZoneKey:    c.zone,
		Datacenter: c.datacenter,
		Near:       c.near,
		NodeMeta:   c.nodeMeta,
		Filter:     c.filter,
		TokenFile:  c.tokenFile,
		Timeout:    o.timeout,
		Log:        slog.New(slog.NewTextHandler(std.Err, nil)),
	}
	if !c.catalog {
		config.Health = consul.Health(c.health.String())
	}
	if c.identity != "" && c.identity != instanceIdentity {
		config.Identity = consul.Identity(c.identity)
	}
	if c.consistency.String() != "default" {
		config.Consistency = consul.Consistency(c.consistency.String())
	}
	config.Addr = o.located
	return config
}

func openConsul(_ context.Context, o *Flags, std *term.Streams) (mapper.Mapper, error) {
	warnUnverified(std)
	source, err := consul.New(o.consulConfig(std))
	var file *fs.PathError
	switch {
	case errors.As(err, &file):
		return nil, term.Hint(err, "--token-file or a CONSUL_* environment variable names this file")
	case err != nil:
		return nil, term.AsUsage(err)
	}
	return source, nil
}

// warnUnverified warns if the environment disables the verification of TLS
// certificates.
func warnUnverified(std *term.Streams) {
	const variable = "CONSUL_HTTP_SSL_VERIFY"
	if verify, err := strconv.ParseBool(cmp.Or(std.Getenv(variable), "true")); err == nil && !verify {
		std.Warn("%s=%v: the TLS certificate of Consul is not verified", variable, verify)
	}
}

// explainConsul adds an exit code and a hint to an error of Consul.
func explainConsul(err error) error {
	var e *consul.Error
	if errors.As(err, &e) {
		err = term.Hint(err, "%s", e.Hint())
	}
	var lookup *net.DNSError
	switch {
	case failedAtProxy(err):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "the proxy of HTTP_PROXY or HTTPS_PROXY failed, not Consul; NO_PROXY lists hosts to reach without it"))
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "the host name does not resolve here; -h HOST names another"))
	case errors.As(err, &lookup):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "the resolver of this machine failed, not Consul; -h takes an IP address too"))
	case errors.Is(err, syscall.ECONNREFUSED):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "is an agent running there? -h HOST and -p PORT name another; -n ID and -f FILE list nodes without Consul, the default source"))
	case errors.Is(err, consul.ErrUnreachable):
		return term.WithCode(term.ErrUnreachable, err)
	case errors.Is(err, consul.ErrPermission):
		return term.WithCode(term.ErrPermission, err)
	case errors.Is(err, consul.ErrFilter):
		return term.AsUsage(fmt.Errorf("--filter: %w", err))
	default:
		return err
	}
}

// failedAtProxy reports whether a connection failed at an HTTP proxy.
func failedAtProxy(err error) bool {
	var operation *net.OpError
	return errors.As(err, &operation) && operation.Op == "proxyconnect"
}

// serviceOf returns the name of the node's service, or the node's ID if its source
// has no services.
func serviceOf(n mapper.Node) string {
	return cmp.Or(n.Meta[consul.MetaService], n.Meta[kubernetes.MetaService], n.ID())
}
