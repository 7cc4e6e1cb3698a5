// Package node is one node of the replicated store. Read it in this order:
//
//   - placement: which nodes a key belongs to, now and when the current change
//     of members is done
//   - write, read: what happens to a request, at whichever node it arrives
//   - join, leave: how a node takes its keys over before it is asked for them,
//     and hands them over before it goes
//   - repair: how replicas that differ become the same again
//
// It knows neither the wire nor how members find each other: peers are behind
// the interface Peer and members behind the interface Cluster.
package node
