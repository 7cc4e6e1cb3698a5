// The peer-to-peer location service of thrifty-p2p (2009), as it is on the
// wire. Extend Base or Locator in a file of your own to layer a service on it.

namespace go wire
namespace py locator

/** Location says where to reach a node. */
struct Location {
  1: string address
  /** Zero in a Location that has a wide_port. */
  2: i16 port
  /** A port above 32767, which 2009 could not write. Not known to it. */
  3: optional i32 wide_port
}

/** Base is what every service of the network answers. */
service Base {
  void ping()
  string service_type()
  list<string> service_types()
  /** Writes the state of the node to its log, where that is enabled. */
  oneway void debug()
  /** Makes the node leave and end, where that is enabled. */
  oneway void die()
}

/** Locator keeps every node's list of the nodes. */
service Locator extends Base {
  /** Asks a member to make the location a member and to tell the others. */
  oneway void join(1: Location location)
  /** Drops a member. The authorities know already and are not told again. */
  oneway void remove(1: Location location, 2: list<Location> authorities)
  /** Adds a member. The authorities know already and are not told again. */
  oneway void add(1: Location location, 2: list<Location> authorities)
  list<Location> get_all()
  Location get_node(1: string key)

  /** Like get_all, with the members whose ports 2009 could not write. */
  list<Location> get_all_wide()
  /** Like get_node, among the members of get_all_wide. */
  Location get_node_wide(1: string key)
}
