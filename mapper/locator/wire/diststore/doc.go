// Package diststore holds the Thrift service of the 2009 store, as the compiler
// generates it from idl/diststore.thrift: a service that extends locator.Locator.
package diststore
