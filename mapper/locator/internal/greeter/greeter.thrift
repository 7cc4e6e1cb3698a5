// A service of one's own on top of the locator, as the Example of package
// locator shows it.

include "locator.thrift"

namespace go greeter

service Greeter extends locator.Locator {
  /** Greets by the node that owns the name. */
  string greet(1: string name)
}
