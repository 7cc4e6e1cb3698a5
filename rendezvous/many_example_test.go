package rendezvous_test

import (
	"fmt"

	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

var manyKeys = []string{"user:1", "user:2", "user:3", "user:4"}

func ExampleSet_SelectAll() {
	set, _ := rendezvous.Of("red", "green", "blue")
	for i, owner := range set.SelectAll(nil, manyKeys) {
		fmt.Println(manyKeys[i], owner)
	}
	// Output:
	// user:1 blue
	// user:2 green
	// user:3 blue
	// user:4 green
}

// A hash of package prf has a form for many keys.
func ExampleConfig_hashAll() {
	murmur := prf.MMH64
	set, err := rendezvous.New([]string{"red", "green", "blue"}, rendezvous.Config[string]{
		ID:      func(id string) string { return id },
		Hash:    murmur.Func(prf.Options{}),
		HashAll: murmur.FuncAll(prf.Options{}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(set.SelectAll(nil, manyKeys))
	// Output: [blue red blue blue]
}

func ExampleSet_SelectAllBytes() {
	set, _ := rendezvous.Of("red", "green", "blue")
	fmt.Println(set.SelectAllBytes(nil, [][]byte{[]byte("user:1"), []byte("user:2")}))
	// Output: [blue green]
}

// Keys are hashed once for two sets with one hash.
func ExampleSet_SelectAllHashes() {
	before, _ := rendezvous.Of("red", "green", "blue")
	after, _ := before.Without("green")
	hashes := make([]uint64, len(manyKeys))
	before.HashAll(hashes, manyKeys)
	fmt.Println(before.SelectAllHashes(nil, hashes))
	fmt.Println(after.SelectAllHashes(nil, hashes))
	// Output:
	// [blue green blue green]
	// [blue red blue blue]
}

func ExampleSet_SelectNAll() {
	set, _ := rendezvous.Of("red", "green", "blue")
	const n = 2
	owners := set.SelectNAll(nil, manyKeys, n)
	for i, key := range manyKeys {
		fmt.Println(key, owners[i*n:(i+1)*n])
	}
	// Output:
	// user:1 [blue green]
	// user:2 [green red]
	// user:3 [blue green]
	// user:4 [green blue]
}

// A request for many keys becomes one for each node.
func ExampleSet_Split() {
	set, _ := rendezvous.Of("red", "green", "blue")
	values := make([]string, len(manyKeys))
	for _, group := range set.Split(manyKeys) {
		fmt.Println("get", group.Keys, "from", group.Node)
		for i, place := range group.Places {
			values[place] = fmt.Sprint("value of ", group.Keys[i]) // as the node answers
		}
	}
	fmt.Println(values)
	// Output:
	// get [user:1 user:3] from blue
	// get [user:2 user:4] from green
	// [value of user:1 value of user:2 value of user:3 value of user:4]
}

func ExampleSet_HashAll() {
	set, _ := rendezvous.Of("red", "green", "blue")
	hashes := make([]uint64, len(manyKeys))
	set.HashAll(hashes, manyKeys)
	fmt.Println(hashes[0] == set.Hash(manyKeys[0]))
	// Output: true
}
