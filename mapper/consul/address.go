package consul

import (
	"cmp"

	"github.com/hashicorp/consul/api"

	"github.com/proxenos/proxenos/internal/hostport"
)

// addressOf returns the service's address, else its node's, with the service's
// port. Without a port it is the host alone. The host is normalized, as the
// address may be an identity.
func addressOf(e *api.ServiceEntry) string {
	return hostport.Join(hostport.Host(cmp.Or(e.Service.Address, e.Node.Address)), max(e.Service.Port, 0))
}
