package slots_test

import (
	"fmt"

	"github.com/proxenos/proxenos/ring/slots"
)

// Server is a type of the caller.
type Server struct {
	Addr string
	Size float64
}

func (s Server) Address() string { return s.Addr }
func (s Server) Weight() float64 { return s.Size }

var servers = []Server{{"10.0.0.1:11211", 1}, {"10.0.0.2:11211", 2}, {"10.0.0.3:11211", 1}}

func newMap(scheme slots.Scheme) *slots.Map[Server] {
	m, err := slots.New(servers, slots.Config[Server]{ID: Server.Address, Weight: Server.Weight, Scheme: scheme})
	if err != nil {
		fmt.Println(err)
	}
	return m
}

func ExampleNew() {
	m, err := slots.New(servers, slots.Config[Server]{ID: Server.Address, Scheme: slots.Modulo("gomemcache-crc32")})
	if err != nil {
		fmt.Println(err)
		return
	}
	server, _ := m.Select("user:42")
	fmt.Println(server.Addr)
	// Output:
	// 10.0.0.2:11211
}

func ExampleModulo() {
	for _, hash := range []string{"gomemcache-crc32", "libmemcached-crc", "twemproxy-crc32", "twemproxy-crc32a"} {
		m := newMap(slots.Modulo(hash))
		server, _ := m.Select("user:42")
		fmt.Println(m.Slots(), "slots:", hash, server.Addr)
	}
	// Output:
	// 3 slots: gomemcache-crc32 10.0.0.2:11211
	// 3 slots: libmemcached-crc 10.0.0.2:11211
	// 4 slots: twemproxy-crc32 10.0.0.3:11211
	// 4 slots: twemproxy-crc32a 10.0.0.2:11211
}

func ExampleModuloHashes() {
	fmt.Println(slots.ModuloHashes()[:3])
	// Output:
	// [gomemcache-crc32 kafka-murmur2 prometheus-md5]
}

func ExampleJump() {
	m := newMap(slots.Jump(""))
	server, _ := m.Select("user:42")
	fmt.Println(server.Addr)
	// Output:
	// 10.0.0.1:11211
}

func ExampleJumpHashes() {
	fmt.Println(slots.JumpHashes())
	// Output:
	// [xxhash64 fnv1a-64 murmur3-64]
}

func ExampleEnvoyMaglev() {
	m := newMap(slots.EnvoyMaglev(slots.MaglevSlots))
	server, _ := m.Select("user:42")
	fmt.Println(server.Addr)
	// Output:
	// 10.0.0.2:11211
}

func ExampleRedisCluster() {
	m := newMap(slots.RedisCluster([]slots.Range{
		{First: 0, Last: 5460, ID: "10.0.0.1:11211"},
		{First: 5461, Last: 16383, ID: "10.0.0.3:11211"},
	}))
	for _, key := range []string{"user:42", "{user:42}.cart", "user:43"} {
		server, _ := m.Select(key)
		fmt.Println(key, slots.ClusterSlot(key), server.Addr)
	}
	// Output:
	// user:42 15880 10.0.0.3:11211
	// {user:42}.cart 15880 10.0.0.3:11211
	// user:43 11817 10.0.0.3:11211
}

func ExampleClusterSlot() {
	fmt.Println(slots.ClusterSlot("123456789"), slots.ClusterSlot("{user1000}.following"), slots.ClusterSlot("user1000"))
	// Output:
	// 12739 3443 3443
}

func ExampleParseRanges() {
	ranges, err := slots.ParseRanges("0-8191 10.0.0.1:6379\n8192-16383 10.0.0.2:6379\n")
	fmt.Println(ranges, err)
	// Output:
	// [{0 8191 10.0.0.1:6379} {8192 16383 10.0.0.2:6379}] <nil>
}

func ExampleMap_Select() {
	server, ok := newMap(slots.Modulo("")).Select("user:42")
	fmt.Println(server.Addr, ok)
	// Output:
	// 10.0.0.2:11211 true
}

func ExampleMap_SelectN() {
	for _, server := range newMap(slots.Modulo("")).SelectN(nil, "user:42", 2) {
		fmt.Println(server.Addr)
	}
	// Output:
	// 10.0.0.2:11211
	// 10.0.0.3:11211
}

func ExampleMap_Rank() {
	for server := range newMap(slots.Modulo("")).Rank("user:42") {
		fmt.Println(server.Addr)
	}
	// Output:
	// 10.0.0.2:11211
	// 10.0.0.3:11211
	// 10.0.0.1:11211
}

func ExampleMap_Owns() {
	fmt.Println(newMap(slots.Modulo("")).Owns("user:42", "10.0.0.2:11211", 2))
	// Output:
	// true
}

func ExampleMap_Slot() {
	m := newMap(slots.Modulo("twemproxy-md5"))
	slot, _ := m.Slot("user:42")
	server, _ := m.Owner(slot)
	fmt.Println(slot, "of", m.Slots(), server.Addr)
	// Output:
	// 2 of 4 10.0.0.2:11211
}

func ExampleMap_All() {
	for server := range newMap(slots.Modulo("")).All() {
		fmt.Println(server.Addr)
	}
	// Output:
	// 10.0.0.1:11211
	// 10.0.0.2:11211
	// 10.0.0.3:11211
}

func ExampleMap_Checksum() {
	fmt.Printf("%016x\n", newMap(slots.Modulo("")).Checksum())
	// Output:
	// 561ed02564ab5d08
}

func ExampleMap_With() {
	m := newMap(slots.Modulo(""))
	larger, err := m.With(Server{"10.0.0.4:11211", 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	moved := 0
	for i := range 1000 {
		key := fmt.Sprint("user:", i)
		before, _ := m.Select(key)
		if after, _ := larger.Select(key); after != before {
			moved++
		}
	}
	fmt.Println(moved, "of 1000 keys move")
	// Output:
	// 752 of 1000 keys move
}

func ExampleMap_Without() {
	m, err := newMap(slots.Modulo("")).Without("10.0.0.2:11211")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Len())
	// Output:
	// 2
}

func ExampleMap_Reweight() {
	m, err := newMap(slots.Modulo("twemproxy-md5")).Reweight("10.0.0.2:11211", 5)
	if err != nil {
		fmt.Println(err)
		return
	}
	weight, _ := m.Weight("10.0.0.2:11211")
	fmt.Println(weight, m.Slots())
	// Output:
	// 5 7
}
