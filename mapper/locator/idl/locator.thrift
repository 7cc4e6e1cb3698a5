// The peer-to-peer location service of thrifty-p2p (2009). A service of your own
// extends Base or Locator.

namespace go wire
namespace py locator

/** Location is the address of a node. */
struct Location {
  1: string address
  /** Zero if wide_port is set. */
  2: i16 port
  /** A port above 32767. Nodes of 2009 do not know this field. */
  3: optional i32 wide_port
}

/** Base is implemented by every service of the network. */
service Base {
  void ping()
  string service_type()
  list<string> service_types()
  /** Logs the state of the node, if enabled. */
  oneway void debug()
  /** Makes the node leave and exit, if enabled. */
  oneway void die()
}

/** Locator maintains the list of nodes at every node. */
service Locator extends Base {
  /** Adds a node and informs the other members. */
  oneway void join(1: Location location)
  /** Removes a member and informs those that are not authorities. */
  oneway void remove(1: Location location, 2: list<Location> authorities)
  /** Adds a member and informs those that are not authorities. */
  oneway void add(1: Location location, 2: list<Location> authorities)
  list<Location> get_all()
  Location get_node(1: string key)

  /** Like get_all, including members with a wide_port. */
  list<Location> get_all_wide()
  /** Like get_node, among the members of get_all_wide. */
  Location get_node_wide(1: string key)
}
