package ring_test

import (
	"fmt"

	"github.com/proxenos/proxenos/rendezvous/prf"
	"github.com/proxenos/proxenos/ring"
)

// Twemproxy hashes only the tag of a key if its setting hash_tag says so.
func ExampleConfig_hashTag() {
	pool, err := ring.New([]string{"10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"}, ring.Config[string]{
		ID:     func(id string) string { return id },
		Layout: ring.Twemproxy("fnv1a_64"),
		Key:    prf.HashTag('{', '}'),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range []string{"{user:42}:cart", "{user:42}:session"} {
		server, _ := pool.Select(key)
		fmt.Println(key, server)
	}
	// Output:
	// {user:42}:cart 10.0.0.3:6379
	// {user:42}:session 10.0.0.3:6379
}

func ExampleRing_SelectBytes() {
	r, _ := ring.Of("red", "green", "blue")
	line := []byte("GET user:42 HTTP/1.1")
	fmt.Println(r.SelectBytes(line[4:11]))
	// Output: green true
}

// The hash of a layout of 32 bits is that of the program that it agrees with.
func ExampleRing_SelectHash() {
	r, _ := ring.New([]string{"a:11211", "b:11211"}, ring.Config[string]{
		ID:     func(id string) string { return id },
		Layout: ring.Ketama(ring.KetamaDefault),
	})
	fmt.Println(r.SelectHash(r.Hash("user:42")))
	fmt.Println(r.Select("user:42"))
	// Output:
	// a:11211 true
	// a:11211 true
}

// One hash serves rings with the same hash, such as those before and after a change.
func ExampleRing_Hash() {
	before, _ := ring.Of("red", "green", "blue")
	after, _ := before.Without("green")
	h := before.Hash("user:42")
	was, _ := before.SelectHash(h)
	is, _ := after.SelectHash(h)
	fmt.Println(was, is)
	// Output: green red
}
