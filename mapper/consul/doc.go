// Package consul is the source of nodes that are registered in HashiCorp
// Consul. A node is an instance of a service:
//
//	source, err := consul.New(consul.Config{Service: "web"})
//	nodes, err := source.Nodes(ctx)
//
// # What to decide
//
// Which instances count: by default those whose checks all pass
// ([Config].Health). The catalogue knows no health and lists the dead too; ask
// it only on purpose ([Config].Catalog).
//
// What names a node: by default its Consul node and its service ID
// ([Config].Identity). All clients that are to agree on placement choose the
// same.
//
// Where Consul is, and who asks: the CONSUL_* variables of the environment
// decide, as for Consul's own programs, and [Config].Addr and
// [Config].TokenFile come before them.
//
// # What a node holds
//
// The address is the service's, else its node's. The weight is the one that
// was registered for the state of the instance. The zone is metadata
// ([Config].ZoneKey). The tags and the metadata are the service's, with the
// keys [MetaService], [MetaNode] and [MetaStatus] added.
//
// # Following changes
//
// [Source.Watch] yields the nodes again after each change, by queries that
// wait at the agent. It keeps trying through an outage, and does not take an
// agent that was just started at its word when that knows nobody.
//
// # Emptiness
//
// Consul answers with an empty list when nobody is registered and also when
// the token may not read; [Source.Explain] finds out what can be known. An
// answer that says that ACLs left something out is an error.
package consul
