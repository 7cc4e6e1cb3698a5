package consul

import (
	"fmt"
	"strings"

	"github.com/hashicorp/consul/api"
)

// Identity says what names a node: IdentityInstance, IdentityAddress or
// IdentityMeta.
type Identity string

const (
	// IdentityInstance is NODE/SERVICE-ID, as service IDs are unique only on
	// their node's agent. It survives a change of address. A "/" or "%" in the
	// name of a node is percent-encoded, so that no two instances share a
	// name.
	IdentityInstance Identity = ""
	// IdentityAddress is the address as the node's Addr has it, for clients that
	// have nothing else in common.
	IdentityAddress Identity = "address"

	metaPrefix = "meta:"
)

// IdentityMeta is the value of a metadata key: the service's, else the node's.
// An instance without it is ErrIdentity, as leaving it out would silently move
// keys.
func IdentityMeta(key string) Identity { return Identity(metaPrefix + key) }

func (i Identity) check() error {
	if key, ok := i.metaKey(); i == IdentityInstance || i == IdentityAddress || ok && key != "" {
		return nil
	}
	return configError("identity %q: must be %s, %sKEY or empty for node/service-id", string(i), IdentityAddress, metaPrefix)
}

func (i Identity) metaKey() (string, bool) { return strings.CutPrefix(string(i), metaPrefix) }

var escapeNode = strings.NewReplacer("%", "%25", "/", "%2F")

// instanceName returns a name that is unique in a datacenter.
func instanceName(e *api.ServiceEntry) string {
	return escapeNode.Replace(e.Node.Node) + "/" + e.Service.ID
}

// name returns the name of an instance whose address is addr.
func (i Identity) name(e *api.ServiceEntry, addr string) (string, error) {
	key, byMeta := i.metaKey()
	switch {
	case i == IdentityInstance:
		return instanceName(e), nil
	case !byMeta && addr != "":
		return addr, nil
	case !byMeta:
		return "", fmt.Errorf("%w: instance %q has no address, and neither has its node", ErrIdentity, instanceName(e))
	}
	if v := metaOf(e, key); v != "" {
		return v, nil
	}
	return "", fmt.Errorf("%w: instance %q has no metadata %q, and neither has its node", ErrIdentity, instanceName(e), key)
}

// metaOf looks a key up in the service's metadata, then in the node's.
func metaOf(e *api.ServiceEntry, key string) string {
	if v := e.Service.Meta[key]; v != "" {
		return v
	}
	return e.Node.Meta[key]
}
