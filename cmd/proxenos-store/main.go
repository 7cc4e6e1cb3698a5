// Command proxenos-store is a replicated key-value store built on package ring,
// package mapper/swim and package mapper/locator: an example to read after the
// README of the library, and to run.
//
//	proxenos-store serve       (in two or three terminals)
//	proxenos-store put a apple
//	proxenos-store get a
//
// It keeps every key at as many nodes as --replicas says, hands keys over when
// nodes come and go, and survives the sudden end of one node less than that. It
// is not linearizable: two writes at the same time are ordered by the clocks of
// the nodes, the later one wins, and a read at the same time may see either. For
// a production store, use one.
package main

import (
	"os"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/command"
)

func main() {
	os.Exit(command.Main(os.Args[1:], os.Stdout, os.Stderr))
}
