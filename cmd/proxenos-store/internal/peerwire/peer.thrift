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

/** Refused says why a call was not obeyed. */
exception Refused {
  1: string why
}

/** Stamp is one version of one key, without the value. */
struct Stamp {
  1: string key
  2: i64 clock
  3: string writer
  4: bool deleted
}

/** Entry is one version of one key with its value. */
struct Entry {
  1: Stamp stamp
  2: binary value
}

/** Found is the answer to a read. */
struct Found {
  1: bool found
  2: binary value
}

/** Invitation is what a node must know to join. */
struct Invitation {
  /** Where the node that is asked gossips, as host:port. */
  1: string gossip
  /** The label of the store's gossip: no other store has it. */
  2: string label
  /** How many nodes keep each key. */
  3: i32 replicas
}

service Peer extends Store {
  // For clients, at any node.

  /** Stores a value. It returns when enough replicas have it. */
  void write(1: string key, 2: binary value) throws (1: Refused refused)
  Found read(1: string key) throws (1: Refused refused)
  /** Deletes a key. It returns when enough replicas know. */
  void erase(1: string key) throws (1: Refused refused)
  /** Lists the keys of one bucket (0 to 255) that any node has. */
  list<string> keys(1: i32 bucket) throws (1: Refused refused)

  // Between nodes.

  Invitation invite()
  /** The members that the node sees, and how they stand, as name=state. */
  list<string> view()
  /** Keeps what is newer than what it has. It returns when that is safe. */
  void keep(1: list<Entry> entries) throws (1: Refused refused)
  /** The entries of these keys that the node itself holds. */
  list<Entry> fetch(1: list<string> keys) throws (1: Refused refused)
  /** Indices of those that the node lacks or has older ones of. */
  list<i32> offer(1: list<Stamp> stamps) throws (1: Refused refused)
  /** What the node holds in a bucket for a given owner, or for anybody. */
  list<Stamp> held(1: i32 bucket, 2: string owner) throws (1: Refused refused)
  /** One sum for each bucket of what the node holds together with another. */
  list<i64> sums(1: string other) throws (1: Refused refused)
}
