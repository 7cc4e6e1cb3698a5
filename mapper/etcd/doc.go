// Package etcd reads nodes from the keys below a prefix in etcd.
//
//	source, err := etcd.New(etcd.Config{Endpoints: []string{"http://127.0.0.1:2379"}, Prefix: "/services/web/"})
//
// Each key holds one node. Its value has one of these forms:
//
//   - a node as JSON, an object with an "id", as in the lists of package static;
//   - a node line, as in the text lists of package static: web-1 10.0.0.1:80 w=2;
//   - a plain address, such as 10.0.0.1:80, or nothing. The node's ID is then
//     the rest of the key after the prefix;
//   - the JSON that endpoints.Manager of etcd's client writes for gRPC: an object
//     with "Addr". The ID is the rest of the key, and entries of "Metadata" that
//     are text become metadata.
//
// A value that holds no node is left out of the set, and the set is partial.
//
// The package uses etcd's JSON gateway, which every server since version 3.4
// serves beside gRPC. It does without etcd's client library, which would bring
// gRPC and Protocol Buffers into the module graph. A server with users rejects
// requests to its gateway by clients whose certificate has a common name.
//
// # What a watch does
//
// A watch reads the whole prefix at one revision, and then follows the changes
// since that revision. It reads the prefix again after each interruption and each
// compaction. Every [Config.Confirm] it makes the same server count the keys in a
// linearizable read. A server that is stopped, or cut off from its quorum, does
// not answer that, so the watch reports a failure and goes on with the next
// endpoint.
//
// The revision of a cluster only grows. If it shrinks, or if the cluster has another
// ID, the server was restarted without its data or from a backup. Nodes that are
// missing then stay for [Config.ShrinkHold], with an error. New ones join at once.
package etcd
