package ring_test

import (
	"fmt"

	"github.com/proxenos/proxenos/ring"
)

var manyKeys = []string{"user:1", "user:2", "user:3", "user:4"}

func ExampleRing_SelectAll() {
	r, _ := ring.Of("red", "green", "blue")
	for i, owner := range r.SelectAll(nil, manyKeys) {
		fmt.Println(manyKeys[i], owner)
	}
	// Output:
	// user:1 blue
	// user:2 green
	// user:3 red
	// user:4 green
}

func ExampleRing_SelectAllBytes() {
	r, _ := ring.Of("red", "green", "blue")
	fmt.Println(r.SelectAllBytes(nil, [][]byte{[]byte("user:1"), []byte("user:2")}))
	// Output: [blue green]
}

// Keys are hashed once for two rings with one hash.
func ExampleRing_SelectAllHashes() {
	before, _ := ring.Of("red", "green", "blue")
	after, _ := before.Without("green")
	hashes := make([]uint64, len(manyKeys))
	before.HashAll(hashes, manyKeys)
	fmt.Println(before.SelectAllHashes(nil, hashes))
	fmt.Println(after.SelectAllHashes(nil, hashes))
	// Output:
	// [blue green red green]
	// [blue red red blue]
}

func ExampleRing_SelectNAll() {
	r, _ := ring.Of("red", "green", "blue")
	const n = 2
	owners := r.SelectNAll(nil, manyKeys, n)
	for i, key := range manyKeys {
		fmt.Println(key, owners[i*n:(i+1)*n])
	}
	// Output:
	// user:1 [blue green]
	// user:2 [green red]
	// user:3 [red blue]
	// user:4 [green blue]
}

// A request for many keys becomes one for each node.
func ExampleRing_Split() {
	r, _ := ring.Of("red", "green", "blue")
	for _, group := range r.Split(manyKeys) {
		fmt.Println("get", group.Keys, "from", group.Node)
	}
	// Output:
	// get [user:1] from blue
	// get [user:2 user:4] from green
	// get [user:3] from red
}

func ExampleRing_HashAll() {
	r, _ := ring.Of("red", "green", "blue")
	hashes := make([]uint64, len(manyKeys))
	r.HashAll(hashes, manyKeys)
	fmt.Println(hashes[0] == r.Hash(manyKeys[0]))
	// Output: true
}

func ExampleRing_Over() {
	r, _ := ring.Of("red", "green", "blue")
	changed, err := r.Over([]string{"green", "blue", "yellow"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.SelectAll(nil, manyKeys))
	fmt.Println(changed.SelectAll(nil, manyKeys))
	// Output:
	// [blue green red green]
	// [blue green yellow green]
}
