package rendezvous_test

import (
	"fmt"

	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

func ExampleSet_Over() {
	set, _ := rendezvous.Of("red", "green", "blue")
	changed, err := set.Over([]string{"green", "blue", "yellow"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(set.SelectAll(nil, manyKeys))
	fmt.Println(changed.SelectAll(nil, manyKeys))
	// Output:
	// [blue green blue green]
	// [blue green blue green]
}

// member has the methods that mapper.Node has, too.
type member string

func (m member) ID() string      { return string(m) }
func (member) Capacity() float64 { return 1 }

// A View that mapper.Follow keeps with this function hashes under another hash.
func ExampleBuildWith() {
	build := rendezvous.BuildWith(rendezvous.Config[member]{Hash: prf.MMH64.Func(prf.Options{})})
	for _, members := range [][]member{{"red", "green"}, {"red", "green", "blue"}} {
		set, err := build(members)
		if err != nil {
			fmt.Println(err)
			return
		}
		owner, _ := set.Select("user:42")
		fmt.Println(set.Len(), owner)
	}
	// Output:
	// 2 red
	// 3 red
}

// A View that mapper.Follow keeps with this function answers in constant time.
func ExampleBuildTable() {
	build := rendezvous.BuildTable(rendezvous.Config[member]{}, 12)
	for _, members := range [][]member{{"red", "green"}, {"red", "green", "blue"}} {
		table, err := build(members)
		if err != nil {
			fmt.Println(err)
			return
		}
		owner, _ := table.Select("user:42")
		fmt.Println(table.Len(), owner)
	}
	// Output:
	// 2 red
	// 3 blue
}
