// Package repo holds the tests that keep the repository in order: which
// package may import which, what the top level holds, that everything exported
// has an example, and that the README's commands do what it shows. It has no
// code of its own; beside its tests lie the scripts that the Makefile calls.
package repo
