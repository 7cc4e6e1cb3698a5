package slots_test

import (
	"fmt"

	"github.com/proxenos/proxenos/ring/slots"
)

func ExampleMap_SelectBytes() {
	server, ok := newMap(slots.Modulo("")).SelectBytes([]byte("user:42"))
	fmt.Println(server.Addr, ok)
	// Output: 10.0.0.2:11211 true
}

// The hash is that of the program before it takes it modulo the number of slots.
func ExampleMap_SelectHash() {
	m := newMap(slots.Modulo(""))
	server, ok := m.SelectHash(m.Hash("user:42"))
	fmt.Println(server.Addr, ok)
	// Output: 10.0.0.2:11211 true
}

func ExampleMap_SelectAll() {
	for _, server := range newMap(slots.Modulo("")).SelectAll(nil, []string{"user:42", "user:43"}) {
		fmt.Println(server.Addr)
	}
	// Output:
	// 10.0.0.2:11211
	// 10.0.0.3:11211
}

func ExampleMap_SelectNAll() {
	keys := []string{"user:42", "user:43"}
	const n = 2
	servers := newMap(slots.Modulo("")).SelectNAll(nil, keys, n)
	for i, key := range keys {
		fmt.Println(key, servers[i*n].Addr, servers[i*n+1].Addr)
	}
	// Output:
	// user:42 10.0.0.2:11211 10.0.0.3:11211
	// user:43 10.0.0.3:11211 10.0.0.1:11211
}

// The owner of a key's partition comes first, for every key.
func ExamplePartitions_SelectNAll() {
	p := newPartitionsOf("worker-1", "worker-2", "worker-3")
	fmt.Println(p.SelectNAll(nil, []string{"user:42", "user:43"}, 2))
	// Output: [worker-3 worker-2 worker-1 worker-3]
}

// A request for many keys becomes one for each node.
func ExampleMap_Split() {
	for _, group := range newMap(slots.Modulo("")).Split([]string{"user:42", "user:43", "user:44"}) {
		fmt.Println("get", group.Keys, "from", group.Node.Addr)
	}
	// Output:
	// get [user:42] from 10.0.0.2:11211
	// get [user:43 user:44] from 10.0.0.3:11211
}
