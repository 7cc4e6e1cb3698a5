package ring_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/proxenos/proxenos/ring"
)

// Server is a type of the caller.
type Server struct {
	Name  string
	Addr  string
	Cores float64
}

func (s Server) ID() string        { return s.Name }
func (s Server) Address() string   { return s.Addr }
func (s Server) Capacity() float64 { return s.Cores }

var servers = []Server{
	{"red", "10.0.0.1:11211", 4},
	{"green", "10.0.0.2:11211", 2},
	{"blue", "10.0.0.3:11211", 2},
}

func ExampleNew() {
	r, err := ring.New(servers, ring.Config[Server]{ID: Server.ID, Capacity: Server.Capacity})
	if err != nil {
		fmt.Println(err)
		return
	}
	server, ok := r.Select("user:42")
	fmt.Println(server.Name, server.Addr, ok)
	// Output:
	// green 10.0.0.2:11211 true
}

func ExampleBuild() {
	r, err := ring.Build(servers)
	if err != nil {
		fmt.Println(err)
		return
	}
	server, ok := r.Select("user:42")
	fmt.Println(server.Name, ok)
	// Output:
	// green true
}

// The capacities are gigabytes. A typical node has 64, so that is the unit.
func ExampleNew_unit() {
	memory := map[string]float64{"red": 64, "green": 64, "blue": 128}
	r, err := ring.New([]string{"red", "green", "blue"}, ring.Config[string]{
		ID:       func(id string) string { return id },
		Capacity: func(id string) float64 { return memory[id] },
		Unit:     64,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for node, share := range r.Shares() {
		fmt.Printf("%-5s %.2f\n", node, share)
	}
	// Output:
	// blue  0.50
	// green 0.25
	// red   0.25
}

func ExampleNew_refused() {
	_, err := ring.New([]string{"red", "green", "red"}, ring.Config[string]{ID: func(id string) string { return id }})
	var refused *ring.NodeError
	fmt.Println(errors.As(err, &refused), errors.Is(err, ring.ErrDuplicateID))
	fmt.Println(err)
	// Output:
	// true true
	// node "red": the ID occurs more than once
}

func ExampleOf() {
	r, err := ring.Of("red", "green", "blue")
	fmt.Println(r.Len(), err)
	// Output:
	// 3 <nil>
}

func ExampleRing_Select() {
	r, _ := ring.Of("red", "green", "blue")
	for _, key := range []string{"user:42", "user:43", "user:44"} {
		node, _ := r.Select(key)
		fmt.Println(key, node)
	}
	empty, _ := ring.Of()
	_, ok := empty.Select("user:42")
	fmt.Println(ok)
	// Output:
	// user:42 green
	// user:43 blue
	// user:44 green
	// false
}

func ExampleRing_SelectN() {
	r, _ := ring.Of("red", "green", "blue")
	replicas := make([]string, 0, 2) // reusing it saves an allocation
	fmt.Println(r.SelectN(replicas, "user:42", 2))
	// Output:
	// [green red]
}

func ExampleRing_Rank() {
	r, _ := ring.Of("red", "green", "blue")
	down := "green"
	for node := range r.Rank("user:42") {
		fmt.Println(node)
		if node != down {
			break
		}
	}
	// Output:
	// green
	// red
}

func ExampleRing_Node() {
	r, _ := ring.New(servers, ring.Config[Server]{ID: Server.ID})
	server, ok := r.Node("green")
	fmt.Println(server.Addr, ok)
	_, ok = r.Node("yellow")
	fmt.Println(ok)
	// Output:
	// 10.0.0.2:11211 true
	// false
}

func ExampleRing_Capacity() {
	r, _ := ring.New(servers, ring.Config[Server]{ID: Server.ID, Capacity: Server.Capacity})
	fmt.Println(r.Capacity("red"))
	fmt.Println(r.Capacity("yellow"))
	// Output:
	// 4 true
	// 0 false
}

// Each node keeps the keys of which it holds one of two replicas.
func ExampleRing_Owns() {
	r, _ := ring.Of("red", "green", "blue")
	const self = "red"
	for _, key := range []string{"user:42", "user:43"} {
		fmt.Println(key, r.Owns(key, self, 2))
	}
	// Output:
	// user:42 true
	// user:43 false
}

func ExampleRing_With() {
	r, _ := ring.Of("red", "green", "blue")
	more, err := r.With("yellow")
	fmt.Println(more.Len(), err)
	_, err = r.With("red")
	fmt.Println(err)
	// Output:
	// 4 <nil>
	// node "red": the ID occurs more than once
}

func ExampleRing_Without() {
	r, _ := ring.Of("red", "green", "blue")
	owner, _ := r.Select("user:42")
	rest, err := r.Without(owner)
	if err != nil {
		fmt.Println(err)
		return
	}
	next, _ := rest.Select("user:42")
	fmt.Println(owner, next)
	// Output:
	// green red
}

func ExampleRing_Reweight() {
	r, _ := ring.New(servers, ring.Config[Server]{ID: Server.ID, Capacity: Server.Capacity})
	drained, err := r.Reweight("green", 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	before, _ := r.Select("user:42")
	after, _ := drained.Select("user:42")
	fmt.Println(before.Name, after.Name)
	// Output:
	// green red
}

func ExampleRing_All() {
	r, _ := ring.Of("red", "green", "blue")
	fmt.Println(slices.Collect(r.All()), r.Len())
	// Output:
	// [blue green red] 3
}

func ExampleRing_Len() {
	r, _ := ring.New(servers, ring.Config[Server]{ID: Server.ID, Capacity: func(Server) float64 { return 0 }})
	fmt.Println(r.Len(), "nodes, all drained")
	// Output:
	// 3 nodes, all drained
}

func ExampleRing_Checksum() {
	here, _ := ring.Of("red", "green", "blue")
	there, _ := ring.Of("blue", "red", "green")
	elsewhere, _ := ring.Of("blue", "red")
	fmt.Println(here.Checksum() == there.Checksum(), here.Checksum() == elsewhere.Checksum())
	// Output:
	// true false
}

func ExampleRing_Shares() {
	r, _ := ring.New(servers, ring.Config[Server]{ID: Server.ID, Capacity: Server.Capacity})
	for server, share := range r.Shares() {
		fmt.Printf("%-5s %.4f\n", server.Name, share)
	}
	// Output:
	// blue  0.2637
	// green 0.2436
	// red   0.4928
}

func ExampleRing_Points() {
	r, _ := ring.New([]string{"red", "green"}, ring.Config[string]{
		ID:     func(id string) string { return id },
		Layout: ring.Hashed(2),
	})
	for position, node := range r.Points() {
		fmt.Printf("%016x %s\n", position, node)
	}
	// Output:
	// 01a3920fdaea9381 green
	// 08b135a11cd64fd6 green
	// 0e2adb994f282218 red
	// 67d9711aab5a375a red
}

func ExampleHashed() {
	r, _ := ring.New(servers, ring.Config[Server]{
		ID:       Server.ID,
		Capacity: Server.Capacity,
		Layout:   ring.Hashed(1000), // more memory, and shares that differ less
	})
	for server, share := range r.Shares() {
		fmt.Printf("%-5s %.4f\n", server.Name, share)
	}
	// Output:
	// blue  0.2498
	// green 0.2530
	// red   0.4971
}

func ExampleKetama() {
	r, _ := ring.New(servers, ring.Config[Server]{
		ID:       Server.Address, // as in the configuration of libmemcached
		Capacity: Server.Capacity,
		Layout:   ring.Ketama(ring.KetamaWeighted),
	})
	server, _ := r.Select("user:42")
	fmt.Println(server.Addr)
	// Output:
	// 10.0.0.1:11211
}

func ExampleNginx() {
	// upstream app { hash $uri consistent; server 10.0.0.1:80; server 10.0.0.2:80 weight=2; }
	weight := map[string]float64{"10.0.0.1:80": 1, "10.0.0.2:80": 2}
	r, _ := ring.New([]string{"10.0.0.1:80", "10.0.0.2:80"}, ring.Config[string]{
		ID:       func(server string) string { return server },
		Capacity: func(server string) float64 { return weight[server] },
		Layout:   ring.Nginx(),
	})
	fmt.Println(r.Select("/index.html"))
	// Output:
	// 10.0.0.1:80 true
}

// The example in the README of python-continuum.
func ExampleContinuum() {
	b := ring.NewBuilder(ring.Config[Server]{
		ID:       Server.Address,
		Capacity: Server.Capacity,
		Layout:   ring.Continuum(ring.ContinuumPoints),
	})
	_ = b.Add(Server{Addr: "192.168.0.1:8080", Cores: 1})
	_ = b.Add(Server{Addr: "192.168.0.2:8080", Cores: 1})
	_ = b.Add(Server{Addr: "192.168.0.3:8080", Cores: 2})
	r, err := b.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range []string{"my-first-key", "my-other-key"} {
		server, _ := r.Select(key)
		fmt.Println(key, server.Addr)
	}
	fmt.Println(b.Add(Server{Addr: "192.168.0.1:8080"}))
	fmt.Println(b.Remove("192.168.0.9:8080"))
	// Output:
	// my-first-key 192.168.0.1:8080
	// my-other-key 192.168.0.3:8080
	// node "192.168.0.1:8080": the ID occurs more than once
	// node "192.168.0.9:8080": no node has this ID
}

func ExampleContinuum010() {
	ids := []string{"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"}
	for _, layout := range []ring.Layout{ring.Continuum(1000), ring.Continuum010(1000)} {
		r, _ := ring.New(ids, ring.Config[string]{ID: func(id string) string { return id }, Layout: layout})
		n := 0
		for range r.Points() {
			n++
		}
		owner, _ := r.Select("wrap-13675")
		fmt.Println(layout, n, owner)
	}
	// Output:
	// continuum(1000) 999 10.0.0.1:80
	// continuum-0.1.0(1000) 996 10.0.0.3:80
}

func ExampleHashRing() {
	r, _ := ring.New([]string{"127.0.0.1:9900", "127.0.0.1:9901", "127.0.0.1:9902"}, ring.Config[string]{
		ID:     func(id string) string { return id },
		Layout: ring.HashRing(),
	})
	fmt.Println(slices.Collect(r.Rank("my-first-key")))
	// Output:
	// [127.0.0.1:9900 127.0.0.1:9902 127.0.0.1:9901]
}

func ExampleBuilder() {
	b := ring.NewBuilder(ring.Config[string]{ID: func(id string) string { return id }})
	_ = b.AddMany("red", "green")
	before, _ := b.Build()

	_ = b.Add("blue")
	with, _ := b.Build()

	_ = b.Remove("blue")
	after, _ := b.Build()
	fmt.Println(before.Len(), with.Len(), b.Len())
	fmt.Println(before.Checksum() == after.Checksum())
	// Output:
	// 2 3 2
	// true
}

func ExampleBuilder_Add() {
	b := ring.NewBuilder(ring.Config[string]{ID: func(id string) string { return id }})
	fmt.Println(b.Add("red"))
	fmt.Println(b.Add("red"))
	// Output:
	// <nil>
	// node "red": the ID occurs more than once
}

func ExampleBuilder_AddMany() {
	b := ring.NewBuilder(ring.Config[string]{ID: func(id string) string { return id }})
	fmt.Println(b.AddMany("red", "green", "blue"), b.Len())
	fmt.Println(b.AddMany("yellow", "red"), b.Len())
	// Output:
	// <nil> 3
	// node "red": the ID occurs more than once 3
}

func ExampleBuilder_Remove() {
	b := ring.NewBuilder(ring.Config[string]{ID: func(id string) string { return id }})
	_ = b.Add("red")
	fmt.Println(errors.Is(b.Remove("blue"), ring.ErrUnknownID))
	fmt.Println(b.Remove("red"), b.Len())
	// Output:
	// true
	// <nil> 0
}

func ExampleBuilder_Build() {
	b := ring.NewBuilder(ring.Config[string]{ID: func(id string) string { return id }, Layout: ring.Continuum(1)})
	_ = b.AddMany("10.0.0.1:80", "10.0.0.2:80")
	_, err := b.Build()
	fmt.Println(errors.Is(err, ring.ErrNoPoints))
	fmt.Println(err)
	// Output:
	// true
	// layout continuum(1), node "10.0.0.1:80" of capacity 1: the capacities are too small for a single point
}

// Half of a thousand requests are for one key. On a ring its node gets all of
// them; with a bound of 1.25 none of the ten nodes gets more than 125.
func ExampleBalancer() {
	ids := []string{"n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9"}
	r, _ := ring.Of(ids...)
	b, err := ring.NewBalancer(r, ring.BalancerConfig[string]{
		ID:    func(id string) string { return id },
		Bound: 1.25,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	plain, stayed := map[string]int{}, 0
	for i := range 1000 {
		key := "the hot key"
		if i%2 == 0 {
			key = fmt.Sprint("user:", i)
		}
		owner, _ := r.Select(key)
		plain[owner]++
		lease, _ := b.Acquire(key) // call Release when the request is done
		if lease.Node() == owner {
			stayed++
		}
	}
	fmt.Println("most on a node, plain:  ", most(plain))
	fmt.Println("most on a node, bounded:", most(b.Loads()))
	fmt.Println("with the owner of their key:", stayed)
	// Output:
	// most on a node, plain:   549
	// most on a node, bounded: 125
	// with the owner of their key: 512
}

func most(loads map[string]int) int {
	n := 0
	for _, load := range loads {
		n = max(n, load)
	}
	return n
}

func ExampleNewBalancer() {
	r, _ := ring.Of("red", "green")
	_, err := ring.NewBalancer(r, ring.BalancerConfig[string]{
		ID:    func(id string) string { return id },
		Bound: 0.9,
	})
	fmt.Println(err)
	// Output:
	// bound 0.9: the bound must be 1 or more and finite; 1.25 is usual
}

func ExampleBalancer_Acquire() {
	r, _ := ring.Of("red", "green", "blue")
	b, _ := ring.NewBalancer(r, ring.BalancerConfig[string]{ID: func(id string) string { return id }, Bound: 1})
	for range 3 {
		lease, ok := b.Acquire("user:42")
		fmt.Println(lease.Node(), ok)
	}
	// Output:
	// green true
	// red true
	// blue true
}

// After a failure the next node takes the request.
func ExampleBalancer_AcquireFunc() {
	r, _ := ring.Of("red", "green", "blue")
	b, _ := ring.NewBalancer(r, ring.BalancerConfig[string]{ID: func(id string) string { return id }, Bound: 1.25})
	lease, _ := b.Acquire("user:42")
	failed := lease.Node()
	lease.Release()
	next, ok := b.AcquireFunc("user:42", func(node string) bool { return node != failed })
	fmt.Println(failed, next.Node(), ok)
	// Output:
	// green red true
}

func ExampleLease_Release() {
	r, _ := ring.Of("red", "green", "blue")
	b, _ := ring.NewBalancer(r, ring.BalancerConfig[string]{ID: func(id string) string { return id }, Bound: 1.25})
	lease, _ := b.Acquire("user:42")
	fmt.Println(lease.Release(), lease.Release())
	// Output:
	// true false
}

// A body holds the lease of its request until it is closed.
func ExampleLease_ReleaseOnClose() {
	r, _ := ring.Of("red", "green", "blue")
	b, _ := ring.NewBalancer(r, ring.BalancerConfig[string]{ID: func(id string) string { return id }, Bound: 1.25})
	lease, _ := b.Acquire("user:42")
	body := lease.ReleaseOnClose(io.NopCloser(strings.NewReader("the response of " + lease.Node()))) // response.Body
	data, _ := io.ReadAll(body)
	fmt.Println(string(data), b.Loads())
	_ = body.Close()
	fmt.Println(b.Loads())
	// Output:
	// the response of green map[blue:0 green:1 red:0]
	// map[blue:0 green:0 red:0]
}

// A View of it calls the function after every change of the nodes.
func ExampleBuildBalancer() {
	build := ring.BuildBalancer(ring.Build[Server], ring.BalancerConfig[Server]{Bound: 1.25})
	b, err := build(servers[:2])
	if err != nil {
		fmt.Println(err)
		return
	}
	lease, _ := b.Acquire("user:42")
	fmt.Println(lease.Node().Name, b.Loads())
	same, _ := build(servers)
	fmt.Println(same == b, b.Loads())
	// Output:
	// green map[green:1 red:0]
	// true map[blue:0 green:1 red:0]
}

func ExampleBalancer_Update() {
	id := func(id string) string { return id }
	r, _ := ring.Of("red", "green")
	b, _ := ring.NewBalancer(r, ring.BalancerConfig[string]{ID: id, Bound: 1})
	for range 4 {
		_, _ = b.Acquire("user:42")
	}
	more, _ := ring.Of("red", "green", "blue")
	fmt.Println(b.Update(more))
	lease, _ := b.Acquire("user:42")
	fmt.Println(lease.Node(), b.Loads())
	// Output:
	// <nil>
	// blue map[blue:1 green:2 red:2]
}

func ExampleBalancer_Loads() {
	r, _ := ring.Of("red", "green")
	b, _ := ring.NewBalancer(r, ring.BalancerConfig[string]{ID: func(id string) string { return id }, Bound: 1})
	_, _ = b.Acquire("user:42")
	_, _ = b.Acquire("user:42")
	fmt.Println(b.Loads())
	// Output:
	// map[green:1 red:1]
}
