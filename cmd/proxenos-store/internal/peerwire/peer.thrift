// The calls between nodes of the store and from clients to nodes.

include "locator.thrift"

namespace go peerwire
namespace py diststore

/** Store is the service of thrifty-p2p (2009), diststore.Store. */
service Store extends locator.Locator {
  /** Returns the value of the key, or the empty string if there is none. */
  string get(1: string key)
  /** Stores the value at the owner of the key. One-way: there is no reply. */
  oneway void put(1: string key, 2: string value)
}

/** Failure is the reason why a call failed. */
exception Failure {
  1: string reason
  /** Whether the clocks of the caller and of the node differ too much. */
  2: bool clock
}

/** Version is one version of a key, without the value. */
struct Version {
  1: string key
  2: i64 clock
  3: string writer
  4: bool deleted
}

/** Entry is a version of a key with its value. */
struct Entry {
  1: Version version
  2: binary value
}

/** Value is the reply to a read. */
struct Value {
  1: bool found
  2: binary value
}

/** View is what a node knows of the store. */
struct View {
  /** The wall clock time in milliseconds since 1970. */
  1: i64 clock
  /** The states of the members by name. */
  2: map<string, string> states
}

/** JoinInfo is what a node needs to join. */
struct JoinInfo {
  /** The host:port at which the node gossips. */
  1: string gossip
  /** The label of the store's gossip, which is unique to this store. */
  2: string label
  /** How many nodes store each key. */
  3: i32 replicas
}

service Peer extends Store {
  // For clients, at any node.

  /** Stores a value. Returns once enough replicas have it. */
  void write(1: string key, 2: binary value) throws (1: Failure failure)
  Value read(1: string key) throws (1: Failure failure)
  /** Deletes a key. Returns once enough replicas have the tombstone. */
  void erase(1: string key) throws (1: Failure failure)
  /** Returns the keys of one bucket, 0 to 255, at all nodes: a page of those after a key. */
  list<string> keys(1: i32 bucket, 2: string after) throws (1: Failure failure)

  // Between nodes.

  JoinInfo join_info()
  View view()
  /**
   * Stores the entries that are newer than those of the node. Returns, once they are durable,
   * the versions of the node that are newer than an entry.
   */
  list<Version> keep(1: list<Entry> entries) throws (1: Failure failure)
  /** Returns the entries that the node itself stores for the keys, in their order. It may stop early. */
  list<Entry> fetch(1: list<string> keys) throws (1: Failure failure)
  /** Returns the versions of a bucket that the owner must have, a page of those after a key. */
  list<Version> versions(1: i32 bucket, 2: string owner, 3: string after) throws (1: Failure failure)
  /** Returns the digest of each bucket of the versions that the node shares with the other. */
  list<i64> digests(1: string other) throws (1: Failure failure)
}
