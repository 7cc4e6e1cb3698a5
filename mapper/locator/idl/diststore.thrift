// The distributed store of thrifty-p2p (2009): the example of a service that
// extends the locator.

include "locator.thrift"

namespace go wire.diststore
namespace py diststore

/** Store keeps values by key, each at the node that owns the key. */
service Store extends locator.Locator {
  /** Returns the value, or nothing for a key that is not there. */
  string get(1: string key)
  /** Stores the value. One-way: nothing tells whether it arrived. */
  oneway void put(1: string key, 2: string value)
}
