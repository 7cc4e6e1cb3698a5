// Package consul is a source of nodes that are registered in HashiCorp Consul. A
// node is an instance of a service:
//
//	source, err := consul.New(consul.Config{Service: "web"})
//	nodes, err := source.Nodes(ctx)
//
// # What to decide
//
// Which instances count: by default those whose checks all pass
// ([Config].Health). The catalog ignores health and lists dead instances too;
// [Config].Catalog selects it.
//
// What names a node: by default its Consul node and its service ID
// ([Config].Identity). All clients that must agree on placement use the same
// identity.
//
// Where Consul is, and with which token to ask: the CONSUL_* variables of the
// environment decide, as for Consul's own programs. [Config].Addr and
// [Config].TokenFile override them.
//
// # What a node holds
//
// The address is the service's, else its node's. The weight is the one that was
// registered for the state of the instance. The zone comes from metadata
// ([Config].ZoneKey), and so does the domain ([DomainKey]). The tags and the metadata are the service's, with the keys
// [MetaService], [MetaNode] and [MetaStatus] added.
//
// # Following changes
//
// [Source.Watch] yields the nodes again after each change, by blocking queries.
// It keeps trying through an outage, and treats an empty result after an outage
// as suspect.
//
// # Empty results
//
// Consul returns an empty list when nothing is registered, and also when the
// token lacks read access; [Source.Explain] distinguishes the two where Consul
// allows it. An answer that Consul marks as filtered by ACLs is an error. So is
// an empty one to a request without a token, if the agent's default policy is
// deny.
package consul
