// Package wire holds the Thrift types and services of the location service. The
// Thrift compiler generates it from idl/locator.thrift.
//
// Most programs use package locator only. This package is exported for the
// generated code of services that extend locator.Base or locator.Locator.
package wire
