// Package kv stores the entries of one node: the newest version of each key.
//
// It knows nothing of other nodes. An [Engine] holds entries in memory or in a
// file. A [Clock] makes timestamps that order the writes of all nodes.
package kv
