// Package browsertest tests the pages of package report in a real browser.
//
// It is a module of its own so that no other package depends on the library that
// drives Chromium over the DevTools protocol.
package browsertest
