// A service that extends the locator, for an example of package locator.

include "locator.thrift"

namespace go greeter

service Greeter extends locator.Locator {
  /** Returns a greeting from the node that owns the name. */
  string greet(1: string name)
}
