// Package kubernetes is a source of nodes that are endpoints of a Kubernetes
// Service. A node is a pod behind the Service:
//
//	source, err := kubernetes.New(kubernetes.Config{Service: "web"})
//	nodes, err := source.Nodes(ctx)
//
// It reads all EndpointSlices of the Service (discovery.k8s.io/v1) by plain HTTP,
// without the Kubernetes client library. In a pod it uses the service account,
// elsewhere the kubeconfig file, by the rules of kubectl.
//
// # What names a node
//
// By default the name of its pod, and never an IP address, as pods get new ones at
// each restart ([Config].Identity). Which choice is right depends on the workload.
// A rolling restart of ten pods, measured on a real API server, moves each key this
// often, and leaves this share of the keys on a node of another name:
//
//	workload     configuration       moves  elsewhere after
//	Deployment   IdentityPod           1.8             100%
//	Deployment   IdentityAddress       1.8             100%
//	DaemonSet    IdentityNode          2.0               0%
//	StatefulSet  IdentityPod           2.0               0%
//	StatefulSet  IdentityLabel         2.0               0%
//	StatefulSet  IdentityAddress       2.0             100%
//	StatefulSet  ReadyAny              2.0               0%
//	StatefulSet  Config.StatefulSet    0.0               0%
//
// A key moves twice where its pod is gone for a while and comes back under the
// same name. Readiness is not membership: with ReadyOnly a readiness probe that
// fails moves keys. ReadyAny keeps a pod until it terminates, and
// [Config].StatefulSet as long as its ordinal exists.
//
// # What a node holds
//
// The address is that of the endpoint, with the port that [Config].Port chooses;
// of a pod with IPv4 and IPv6 addresses it is the IPv4 address. The zone is that
// of the endpoint. A terminating pod is drained. The weight comes from an
// annotation or a label of the pod ([Config].WeightKey). The metadata has the keys
// [MetaService], [MetaPod], [MetaNode] and [MetaState].
//
// # Following changes
//
// [Source.Watch] yields the nodes again after each change, by a list and a
// watch from its version on. It keeps trying through an outage. A truncated
// list is an error, never a smaller set.
//
// # Permissions
//
// A Role needs the verbs list and watch on endpointslices.discovery.k8s.io; for
// WeightKey and IdentityLabel also on pods, of which it reads the metadata alone,
// and for StatefulSet on statefulsets.apps. An [*Error] names the verb and the
// resource that is missing.
package kubernetes
