package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/IBM/sarama"
	"github.com/buraksezer/consistent"
	"github.com/cespare/xxhash/v2"

	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/ring/slots"
)

var updatePartitions = flag.Bool("update-partitions", false, "write partitions.md")

// fleets is the number of sets of names that figures are averages of.
const fleets = 20

// assigner assigns partitions to weighted workers, given the assignment before, which
// is nil at first. A system without state ignores it. It returns nil if it cannot.
type assigner func(workers []string, weights map[string]float64, n int, before []string) []string

// rows are the systems of the table. Those without weights get no changes of them.
var rows = []struct {
	name    string
	bound   string
	weights bool
	assign  assigner
}{
	{"proxenos partitions", "1", true, partitionsOf(1)},
	{"proxenos partitions", "1.1", true, partitionsOf(1.1)},
	{"proxenos partitions", "1.25", true, partitionsOf(1.25)},
	{"proxenos partitions", "none", true, partitionsOf(0)},
	{"buraksezer/consistent", "1", false, consistentOf(1)},
	{"buraksezer/consistent", "1.1", false, consistentOf(1.1)},
	{"buraksezer/consistent", "1.25", false, consistentOf(1.25)},
	{"sarama sticky", "1", false, sticky},
}

func partitionsOf(bound float64) assigner {
	return func(workers []string, weights map[string]float64, n int, _ []string) []string {
		self := func(id string) string { return id }
		set := must(rendezvous.New(workers, rendezvous.Config[string]{ID: self, Weight: func(id string) float64 {
			if w, ok := weights[id]; ok {
				return w
			}
			return 1
		}}))
		p := must(slots.NewPartitions(set, slots.PartitionsConfig[string]{ID: self, Partitions: n, Bound: bound}))
		owners := make([]string, n)
		for i := range owners {
			owners[i], _ = p.Owner(i)
		}
		return owners
	}
}

type worker string

func (w worker) String() string { return string(w) }

type xxh struct{}

func (xxh) Sum64(b []byte) uint64 { return xxhash.Sum64(b) }

// consistentOf is buraksezer/consistent with the settings of its README. It panics
// if the rounded limits of its workers add up to less than n.
func consistentOf(load float64) assigner {
	return func(workers []string, _ map[string]float64, n int, _ []string) (owners []string) {
		defer func() {
			if recover() != nil {
				owners = nil
			}
		}()
		var members []consistent.Member
		for _, w := range workers {
			members = append(members, worker(w))
		}
		c := consistent.New(members, consistent.Config{Hasher: xxh{}, PartitionCount: n, ReplicationFactor: 20, Load: load})
		for i := range n {
			owners = append(owners, c.GetPartitionOwner(i).String())
		}
		return owners
	}
}

// sticky is Kafka's sticky assignor. Members report what they owned.
func sticky(workers []string, _ map[string]float64, n int, before []string) []string {
	const topic = "t"
	strategy := sarama.NewBalanceStrategySticky()
	all := make([]int32, n)
	for i := range all {
		all[i] = int32(i)
	}
	members := map[string]sarama.ConsumerGroupMemberMetadata{}
	for _, w := range workers {
		var mine []int32
		for i, owner := range before {
			if owner == w {
				mine = append(mine, int32(i))
			}
		}
		meta := sarama.ConsumerGroupMemberMetadata{Topics: []string{topic}}
		if mine != nil {
			meta.UserData = must(strategy.AssignmentData(w, map[string][]int32{topic: mine}, 1))
		}
		members[w] = meta
	}
	owners := make([]string, n)
	for w, topics := range must(strategy.Plan(members, map[string][]int32{topic: all})) {
		for _, i := range topics[topic] {
			owners[i] = w
		}
	}
	return owners
}

// change is a change of the workers: those after it, their weights, and which moves
// it needs.
type change struct {
	name    string
	workers func(workers []string) []string
	weights map[string]float64
	needed  func(from, to string) bool
}

// partitionChanges returns the changes that the table shows. "x" joins, and worker 3
// leaves or changes its weight.
func partitionChanges(workers []string) []change {
	same := func(w []string) []string { return w }
	third := workers[3]
	return []change{
		{"join", func(w []string) []string { return append(append([]string{}, w...), "x") }, nil, func(_, to string) bool { return to == "x" }},
		{"leave", func(w []string) []string { return append(append([]string{}, w[:3]...), w[4:]...) }, nil, func(from, _ string) bool { return from == third }},
		{"weight 2", same, map[string]float64{third: 2}, func(_, to string) bool { return to == third }},
		{"weight 0.5", same, map[string]float64{third: 0.5}, func(from, _ string) bool { return from == third }},
	}
}

// movedBy returns the fullest worker over its share, and for each change the moved
// and the unneeded partitions, as averages.
func movedBy(assign assigner, weighted bool, count, n int) (fullest float64, cells []string) {
	sums := make([][2]float64, 4)
	for fleet := range fleets {
		workers := make([]string, count)
		for i := range workers {
			workers[i] = fmt.Sprintf("worker-%d-%d", fleet, i)
		}
		before := assign(workers, nil, n, nil)
		if before == nil {
			return 0, nil
		}
		held := map[string]int{}
		for _, owner := range before {
			held[owner]++
			fullest = max(fullest, float64(held[owner])*float64(count)/float64(n))
		}
		for i, c := range partitionChanges(workers) {
			if c.weights != nil && !weighted {
				continue
			}
			after := assign(c.workers(workers), c.weights, n, before)
			if after == nil {
				return 0, nil
			}
			for p := range before {
				if before[p] == after[p] {
					continue
				}
				sums[i][0]++
				if !c.needed(before[p], after[p]) {
					sums[i][1]++
				}
			}
		}
	}
	for i, s := range sums {
		if i >= 2 && !weighted {
			cells = append(cells, "")
			continue
		}
		cells = append(cells, fmt.Sprintf("%.1f / %.1f", s[0]/fleets, s[1]/fleets))
	}
	return fullest, cells
}

// TestPartitionMovement compares partitions.md with what the systems do now. Figures
// are counts, so they are the same on every machine.
func TestPartitionMovement(t *testing.T) {
	var b strings.Builder
	fmt.Fprintf(&b, `# Partitions that move

Partitions moved / of those unneeded, averages of %d fleets. A move is needed at a join if it goes to the new worker,
at a leave if it comes from the lost one, and at a change of weight if it goes to or comes from that worker. The fullest
worker is relative to its share, and the worst of all fleets. "fails" means that the system panics: the limits of its
workers, rounded down, add up to less than the number of partitions.

Kafka's sticky assignor knows the assignment before, so every client must agree on that; the others compute the same
from the workers alone. The peers have no weights.

`, fleets)
	b.WriteString("`go -C internal/lab/bench test -run TestPartitionMovement -update-partitions .` writes this page.\n")
	for _, size := range [][2]int{{256, 12}, {1024, 50}} {
		fmt.Fprintf(&b, "\n## %d partitions on %d workers\n\n", size[0], size[1])
		b.WriteString("| system | bound | fullest | join | leave | weight 1 to 2 | weight 1 to 0.5 |\n|---|---:|---:|---:|---:|---:|---:|\n")
		for _, r := range rows {
			fullest, cells := movedBy(r.assign, r.weights, size[1], size[0])
			if cells == nil {
				fmt.Fprintf(&b, "| %s | %s | fails | | | | |\n", r.name, r.bound)
				continue
			}
			fmt.Fprintf(&b, "| %s | %s | %.2f | %s |\n", r.name, r.bound, fullest, strings.Join(cells, " | "))
		}
	}
	if *updatePartitions {
		if err := os.WriteFile("partitions.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("partitions.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != b.String() {
		t.Errorf("partitions.md is not what the systems do; got\n%s", b.String())
	}
}
