package slots_test

import (
	"fmt"

	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/ring/slots"
)

func self(id string) string { return id }

func ExampleNewPartitions() {
	workers, _ := rendezvous.Of("worker-1", "worker-2", "worker-3")
	p, err := slots.NewPartitions(workers, slots.PartitionsConfig[string]{ID: self, Partitions: 30, Bound: 1.1})
	if err != nil {
		fmt.Println(err)
		return
	}
	owner, _ := p.Select("user:42")
	partition, _ := p.Slot("user:42")
	fmt.Println("partition", partition, "of", p.Slots(), "is on", owner)
	for id := range p.All() {
		held, limit, _ := p.Load(id)
		fmt.Println(id, held, "of at most", limit)
	}
	// Output:
	// partition 8 of 30 is on worker-3
	// worker-1 11 of at most 11
	// worker-2 9 of at most 11
	// worker-3 10 of at most 11
}

func ExamplePartitions_Over() {
	workers, _ := rendezvous.Of("worker-1", "worker-2", "worker-3")
	p, _ := slots.NewPartitions(workers, slots.PartitionsConfig[string]{ID: self, Partitions: 12, Bound: 1})
	more, _ := workers.With("worker-4")
	next, err := p.Over(more)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range p.Slots() {
		from, _ := p.Owner(i)
		if to, _ := next.Owner(i); to != from {
			fmt.Println("partition", i, "moves from", from, "to", to)
		}
	}
	// Output:
	// partition 0 moves from worker-2 to worker-4
	// partition 1 moves from worker-2 to worker-4
	// partition 5 moves from worker-1 to worker-4
	// partition 11 moves from worker-3 to worker-2
}

func ExamplePartitions_Select() {
	p := newPartitionsOf("worker-1", "worker-2", "worker-3")
	owner, ok := p.Select("user:42")
	fmt.Println(owner, ok)
	// Output:
	// worker-3 true
}

func ExamplePartitions_Slot() {
	p := newPartitionsOf("worker-1", "worker-2", "worker-3")
	partition, _ := p.Slot("user:42")
	owner, _ := p.Owner(partition)
	fmt.Println(partition, "of", p.Slots(), owner)
	// Output:
	// 8 of 30 worker-3
}

func ExamplePartitions_SelectN() {
	p := newPartitionsOf("worker-1", "worker-2", "worker-3")
	fmt.Println(p.SelectN(nil, "user:42", 2))
	// Output:
	// [worker-3 worker-2]
}

func ExamplePartitions_Rank() {
	p := newPartitionsOf("worker-1", "worker-2", "worker-3")
	for id := range p.Rank("user:42") {
		fmt.Println(id)
	}
	// Output:
	// worker-3
	// worker-2
	// worker-1
}

func ExamplePartitions_Owns() {
	p := newPartitionsOf("worker-1", "worker-2", "worker-3")
	fmt.Println(p.Owns("user:42", "worker-2", 1), p.Owns("user:42", "worker-2", 2))
	// Output:
	// false true
}

func ExamplePartitions_All() {
	p := newPartitionsOf("worker-1", "worker-2", "worker-3")
	for id := range p.All() {
		weight, _ := p.Weight(id)
		fmt.Println(id, weight)
	}
	// Output:
	// worker-1 1
	// worker-2 1
	// worker-3 1
}

func ExamplePartitions_Checksum() {
	workers, _ := rendezvous.Of("worker-1", "worker-2", "worker-3")
	p, _ := slots.NewPartitions(workers, slots.PartitionsConfig[string]{ID: self, Partitions: 256, Bound: 1.1})
	fmt.Printf("%d workers: %016x\n", p.Len(), p.Checksum())
	// Output:
	// 3 workers: f93dead2594ab840
}

// newPartitionsOf returns 30 partitions that are as even as they can be.
func newPartitionsOf(ids ...string) *slots.Partitions[string] {
	set, _ := rendezvous.Of(ids...)
	p, err := slots.NewPartitions(set, slots.PartitionsConfig[string]{ID: self, Partitions: 30, Bound: 1})
	if err != nil {
		fmt.Println(err)
	}
	return p
}
