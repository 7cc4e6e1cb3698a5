package prf_test

import (
	"fmt"

	"github.com/proxenos/proxenos/rendezvous/prf"
)

func ExampleMethod_FuncAll() {
	hash := prf.MMH32.FuncAll(prf.Options{Seed: 42})
	keys := []string{"user:1", "user:2", "user:3"}
	sums := make([]uint64, len(keys))
	hash(sums, keys)
	fmt.Printf("%08x\n", sums)
	// Output: [8af8bd38 d70ae306 9f57d361]
}
