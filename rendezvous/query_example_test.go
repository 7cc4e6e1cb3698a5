package rendezvous_test

import (
	"fmt"

	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// Keys with the same hash tag have the same owner.
func ExampleConfig_hashTag() {
	set, err := rendezvous.New([]string{"red", "green", "blue"}, rendezvous.Config[string]{
		ID:  func(id string) string { return id },
		Key: prf.HashTag('{', '}'),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range []string{"{user:42}:cart", "{user:42}:session", "user:42"} {
		owner, _ := set.Select(key)
		fmt.Println(key, owner)
	}
	// Output:
	// {user:42}:cart green
	// {user:42}:session green
	// user:42 green
}

func ExampleSet_SelectBytes() {
	set, _ := rendezvous.Of("red", "green", "blue")
	line := []byte("GET user:42 HTTP/1.1")
	fmt.Println(set.SelectBytes(line[4:11]))
	// Output: green true
}

// A program that keeps the hashes of its keys looks them up without hashing again.
func ExampleSet_SelectHash() {
	hash := prf.XXHash64
	set, err := rendezvous.New([]string{"red", "green", "blue"}, rendezvous.Config[string]{
		ID:   func(id string) string { return id },
		Hash: func(key string) uint64 { return hash(key, 0) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(set.SelectHash(hash("user:42", 0)))
	fmt.Println(set.Select("user:42"))
	// Output:
	// blue true
	// blue true
}

func ExampleSet_Hash() {
	red, _ := rendezvous.Of("red", "green")
	blue, _ := rendezvous.Of("red", "green", "blue")
	h := red.Hash("user:42") // both sets have the same hash
	before, _ := red.SelectHash(h)
	after, _ := blue.SelectHash(h)
	fmt.Println(before, after)
	// Output: green green
}
