// Package node implements one node of the replicated store. Read it in this order:
//
//   - membership, placement, preference: the members that own a key, before and
//     after a change of membership completes
//   - write, read: how the node that receives a request coordinates it
//   - replica: how a node answers calls of other nodes from its own data
//   - join, leave: how a node copies its keys before it is read from, and hands
//     them over before it leaves
//   - repair, push, digest: how replicas that differ converge
//   - hint: how owners that were away get what they missed
//   - clockcheck, absence: what happens if the clocks of nodes differ too much, or
//     a node was away for longer than deletions are remembered
//
// The package knows neither the wire protocol nor how members find each other:
// other nodes are a [Peer], and membership is a [Cluster].
package node
