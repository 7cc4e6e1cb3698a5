// Package browsertest looks at the pages of package report in a real browser.
//
// It is a module of its own because it drives Chromium, over its DevTools
// protocol, with a library that nothing else needs.
package browsertest
