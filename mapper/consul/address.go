package consul

import (
	"cmp"
	"strings"

	"github.com/hashicorp/consul/api"

	"github.com/proxenos/proxenos/internal/hostport"
)

// addressOf returns the service's address, else its node's, with the service's
// port. Without a port it is the host alone. The host is normalized, as the
// address may be an identity.
func addressOf(e *api.ServiceEntry) string {
	return hostport.Join(hostport.Host(cmp.Or(e.Service.Address, e.Node.Address)), max(e.Service.Port, 0))
}

const defaultPort = 8500

// inherit returns the address to ask: a URL as it is, and otherwise addr with the
// parts that it lacks from the environment's address. A token that the
// environment sends to https://… must not be sent over plain HTTP because
// Config.Addr overrides only the host or the port.
func inherit(addr, environment string) string {
	if addr == "" || strings.Contains(addr, "://") {
		return cmp.Or(addr, environment)
	}
	scheme, rest, hasScheme := strings.Cut(environment, "://")
	if !hasScheme {
		scheme, rest = "", environment
	}
	if scheme == "unix" {
		scheme, rest = "", ""
	}
	at, prefix, hasPrefix := strings.Cut(rest, "/")
	host, port, err := hostport.Split(addr, 0)
	envHost, envPort, envErr := hostport.Split(at, defaultPort)
	if err != nil || envErr != nil {
		return addr // which the client rejects
	}
	out := hostport.Join(cmp.Or(host, envHost), cmp.Or(port, envPort))
	if hasPrefix {
		out += "/" + prefix
	}
	if scheme != "" {
		out = scheme + "://" + out
	}
	return out
}
