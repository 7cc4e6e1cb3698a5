// Command proxenos-store is an example of the library: a replicated key-value
// store built on packages ring, mapper/swim and mapper/locator.
//
//	proxenos-store serve       (in two or three terminals)
//	proxenos-store put a apple
//	proxenos-store get a
//
// The store keeps each key at --replicas nodes and moves keys when nodes join or
// leave. It survives the crash of fewer nodes than that at a time. It is not
// linearizable when nodes fail, and not meant for production.
package main

import (
	"os"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/command"
)

func main() {
	os.Exit(command.Main(os.Args[1:], os.Stdout, os.Stderr))
}
