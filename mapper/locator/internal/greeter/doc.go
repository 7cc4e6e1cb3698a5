// Package greeter is generated from greeter.thrift, a service that extends
// locator.Locator, for the Example of package locator.
package greeter
