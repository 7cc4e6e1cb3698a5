// Package wire holds the Thrift types and services of the location service, as
// the compiler generates them from idl/locator.thrift.
//
// Most programs use package locator and never this one. It is exported because
// a Thrift service that extends locator.Base or locator.Locator generates code
// that imports it.
package wire
