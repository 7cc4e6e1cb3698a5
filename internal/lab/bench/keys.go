package main

import (
	"fmt"
	"math/rand/v2"
)

// keyCount is a power of two above a million. With few keys the branch predictor
// learns them, which makes lookups look up to five times faster.
const keyCount = 1 << 20

// makeKeys returns distinct pseudo-random keys of 16 to 24 bytes, the same in
// every run.
func makeKeys() []string {
	const letters = "0123456789abcdefghijklmnopqrstuv"
	rng := rand.New(rand.NewPCG(20, 26))
	keys := make([]string, keyCount)
	for i := range keys {
		key := make([]byte, 16+rng.IntN(9))
		// The last four letters encode the index; the others are random.
		for j := range key {
			key[j] = letters[rng.IntN(len(letters))]
		}
		for j := range 4 {
			key[len(key)-1-j] = letters[i>>(5*j)&31]
		}
		keys[i] = string(key)
	}
	return keys
}

// makeNodes returns the addresses of n servers.
func makeNodes(n int) []string {
	nodes := make([]string, n)
	for i := range nodes {
		nodes[i] = fmt.Sprintf("10.%d.%d.%d:8080", i>>16, i>>8&255, i&255)
	}
	return nodes
}
