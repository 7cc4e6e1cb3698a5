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
