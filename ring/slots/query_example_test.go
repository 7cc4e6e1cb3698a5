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

// A request for many keys becomes one for each node.
func ExampleMap_Split() {
	for _, group := range newMap(slots.Modulo("")).Split([]string{"user:42", "user:43", "user:44"}) {
		fmt.Println("get", group.Keys, "from", group.Node.Addr)
	}
	// Output:
	// get [user:42] from 10.0.0.2:11211
	// get [user:43 user:44] from 10.0.0.3:11211
}
