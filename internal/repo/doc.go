// Package repo holds tests of the repository itself: import rules, the top
// level, the exported API, an example for every exported verb, and the README,
// whose commands are run. It has no code besides its tests and the scripts that
// the Makefile calls.
package repo
