package rendezvous_test

import (
	"fmt"
	"slices"

	"github.com/proxenos/proxenos/rendezvous"
)

// Server is a type of the caller.
type Server struct {
	Host  string
	Cores float64
}

func (s Server) Name() string      { return s.Host }
func (s Server) Capacity() float64 { return s.Cores }

// Disk has an ID and a capacity of its own.
type Disk struct {
	Device string
	TB     float64
}

func (d Disk) ID() string        { return d.Device }
func (d Disk) Capacity() float64 { return d.TB }

var servers = []Server{{"ant", 4}, {"bee", 8}, {"cat", 4}, {"dog", 0}}

func ExampleOf() {
	set, err := rendezvous.Of("red", "green", "blue")
	if err != nil {
		panic(err)
	}
	owner, ok := set.Select("user:42")
	fmt.Println(owner, ok)
	// Output:
	// green true
}

func ExampleBuild() {
	set, err := rendezvous.Build([]Disk{{"sda", 4}, {"sdb", 8}, {"sdc", 0}})
	if err != nil {
		panic(err)
	}
	owner, ok := set.Select("user:42")
	fmt.Println(owner.Device, ok)
	// Output:
	// sdb true
}

func ExampleNew() {
	set, err := rendezvous.New(servers, rendezvous.Config[Server]{
		ID:     Server.Name,
		Weight: Server.Capacity,
	})
	if err != nil {
		panic(err)
	}
	owner, _ := set.Select("user:42")
	fmt.Println(owner.Host, "with", owner.Cores, "cores")
	// Output:
	// cat with 4 cores
}

func ExampleNew_refused() {
	_, err := rendezvous.New([]Server{{"ant", 4}, {"ant", 8}}, rendezvous.Config[Server]{ID: Server.Name})
	fmt.Println(err)
	// Output:
	// node "ant": the ID occurs more than once
}

func ExampleSet_Select() {
	set, _ := rendezvous.Of("red", "green", "blue")
	for _, key := range []string{"user:1", "user:2", "user:3"} {
		owner, ok := set.Select(key)
		fmt.Println(key, owner, ok)
	}
	empty, _ := rendezvous.Of()
	_, ok := empty.Select("user:1")
	fmt.Println("empty:", ok)
	// Output:
	// user:1 blue true
	// user:2 green true
	// user:3 blue true
	// empty: false
}

func ExampleSet_SelectN() {
	set, _ := rendezvous.Of("red", "green", "blue", "black", "white")
	replicas := make([]string, 0, 3)
	replicas = set.SelectN(replicas, "user:42", 3)
	fmt.Println(replicas)
	// Output:
	// [green black white]
}

// Reads of a hot key take turns among its first three nodes. Other keys, and a
// reader that does not know which keys are hot, use the first node, which is among
// the three.
func ExampleSet_SelectN_hotKey() {
	set, _ := rendezvous.Of("red", "green", "blue", "black", "white")
	hot := map[string]int{"front-page": 3}
	reads := map[string]int{}
	for turn := range 300 {
		nodes := set.SelectN(nil, "front-page", max(1, hot["front-page"]))
		reads[nodes[turn%len(nodes)]]++
	}
	fmt.Println(reads)
	first, _ := set.Select("front-page")
	fmt.Println(reads[first])
	// Output:
	// map[blue:100 red:100 white:100]
	// 100
}

func ExampleSet_Rank() {
	set, _ := rendezvous.Of("red", "green", "blue", "black", "white")
	down := map[string]bool{"green": true}
	for node := range set.Rank("user:42") {
		if !down[node] {
			fmt.Println("first node that is up:", node)
			break
		}
	}
	// Output:
	// first node that is up: black
}

func ExampleSet_Scores() {
	set, _ := rendezvous.New(servers, rendezvous.Config[Server]{ID: Server.Name, Weight: Server.Capacity})
	for server, score := range set.Scores("user:42") {
		fmt.Printf("%s weight %v score %.2f\n", server.Host, score.Weight, score.Value)
	}
	// Output:
	// cat weight 4 score 18.57
	// bee weight 8 score 5.48
	// ant weight 4 score 3.89
	// dog weight 0 score 0.00
}

func ExampleSet_All() {
	set, _ := rendezvous.Of("red", "green", "blue")
	fmt.Println(slices.Collect(set.All()))
	// Output:
	// [blue green red]
}

func ExampleSet_Len() {
	set, _ := rendezvous.New(servers, rendezvous.Config[Server]{ID: Server.Name, Weight: Server.Capacity})
	fmt.Println(set.Len(), "nodes, one of them drained")
	// Output:
	// 4 nodes, one of them drained
}

func ExampleSet_Node() {
	set, _ := rendezvous.New(servers, rendezvous.Config[Server]{ID: Server.Name, Weight: Server.Capacity})
	server, ok := set.Node("bee")
	fmt.Println(server.Cores, ok)
	_, ok = set.Node("fox")
	fmt.Println(ok)
	// Output:
	// 8 true
	// false
}

func ExampleSet_Weight() {
	set, _ := rendezvous.New(servers, rendezvous.Config[Server]{ID: Server.Name, Weight: Server.Capacity})
	fmt.Println(set.Weight("bee"))
	fmt.Println(set.Weight("dog")) // drained
	fmt.Println(set.Weight("fox")) // unknown
	// Output:
	// 8 true
	// 0 true
	// 0 false
}

// Each node keeps the keys of which it holds one of three replicas.
func ExampleSet_Owns() {
	set, _ := rendezvous.Of("red", "green", "blue", "black", "white")
	const self = "black"
	for _, key := range []string{"user:1", "user:42"} {
		fmt.Println(key, set.Owns(key, self, 3))
	}
	// Output:
	// user:1 false
	// user:42 true
}

func ExampleSet_With() {
	set, _ := rendezvous.Of("red", "green", "blue")
	more, err := set.With("black", "white")
	fmt.Println(more.Len(), err)
	_, err = set.With("red")
	fmt.Println(err)
	// Output:
	// 5 <nil>
	// node "red": the ID occurs more than once
}

func ExampleSet_Without() {
	set, _ := rendezvous.Of("red", "green", "blue")
	owner, _ := set.Select("user:42")
	rest, err := set.Without(owner)
	if err != nil {
		panic(err)
	}
	next, _ := rest.Select("user:42")
	fmt.Println(owner, next)
	// Output:
	// green red
}

func ExampleSet_Reweight() {
	set, _ := rendezvous.New(servers, rendezvous.Config[Server]{ID: Server.Name, Weight: Server.Capacity})
	drained, err := set.Reweight("cat", 0)
	if err != nil {
		panic(err)
	}
	before, _ := set.Select("user:42")
	after, _ := drained.Select("user:42")
	fmt.Println(before.Host, after.Host)
	// Output:
	// cat bee
}

func ExampleSet_Checksum() {
	a, _ := rendezvous.Of("red", "green", "blue")
	b, _ := rendezvous.Of("blue", "red", "green")
	c, _ := rendezvous.Of("blue", "red")
	fmt.Println(a.Checksum() == b.Checksum(), a.Checksum() == c.Checksum())
	// Output:
	// true false
}

func ExampleSet_Table() {
	set, _ := rendezvous.Of("red", "green", "blue")
	table, err := set.Table(16)
	if err != nil {
		panic(err)
	}
	owner, ok := table.Select("user:42")
	fmt.Println(owner, ok)
	// Output:
	// red true
}

// A slot is a partition: a group of keys that are stored and moved together.
func ExampleTable_Slot() {
	set, _ := rendezvous.Of("red", "green", "blue")
	table, _ := set.Table(10)
	slot := table.Slot("user:42")
	owner, _ := table.Owner(slot)
	fmt.Printf("partition %d of %d is on %s\n", slot, table.Slots(), owner)
	// Output:
	// partition 923 of 1024 is on blue
}

func ExampleTable_Owner() {
	set, _ := rendezvous.Of("red", "green", "blue")
	table, _ := set.Table(3)
	for slot := range table.Slots() {
		owner, _ := table.Owner(slot)
		fmt.Print(owner, " ")
	}
	fmt.Println()
	// Output:
	// blue red blue green blue red red green
}

func ExampleTable_Slots() {
	set, _ := rendezvous.Of("red", "green", "blue")
	table, _ := set.Table(16)
	fmt.Println(table.Slots())
	// Output:
	// 65536
}

func ExampleTable_Select() {
	set, _ := rendezvous.Of("red", "green", "blue")
	table, _ := set.Table(12)
	for _, key := range []string{"user:1", "user:2", "user:3"} {
		owner, _ := table.Select(key)
		fmt.Println(key, owner)
	}
	// Output:
	// user:1 red
	// user:2 red
	// user:3 red
}

func ExampleTable_SelectN() {
	set, _ := rendezvous.Of("red", "green", "blue")
	table, _ := set.Table(12)
	fmt.Println(table.SelectN(nil, "user:42", 2))
	// Output:
	// [blue red]
}

func ExampleGoRedis() {
	// redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"shard1": "10.9.0.1:6379", "shard2": "10.9.0.2:6379"}})
	set, err := rendezvous.New([]string{"shard1", "shard2"}, rendezvous.Config[string]{
		ID:     func(shard string) string { return shard },
		Scorer: rendezvous.GoRedis(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range []string{"user:42", "{user:42}.cart", "user:43"} {
		shard, _ := set.Select(key)
		fmt.Println(key, shard)
	}
	// Output:
	// user:42 shard2
	// {user:42}.cart shard2
	// user:43 shard2
}
