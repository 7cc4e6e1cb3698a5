// Package greeter is generated from greeter.thrift: a service that extends
// locator.Locator, for an example of package locator.
package greeter
