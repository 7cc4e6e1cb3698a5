package rules_test

import (
	"fmt"
	"slices"

	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/ring/rules"
)

func shardsOf(ids ...string) *rules.Shards[string] {
	set, err := rendezvous.Of(ids...)
	if err != nil {
		fmt.Println(err)
	}
	s, err := rules.NewShards(set, rules.ShardsConfig[string]{ID: self, Zone: zoneOf})
	if err != nil {
		fmt.Println(err)
	}
	return s
}

func ExampleNewShards() {
	set, _ := rendezvous.Of("a-1", "a-2", "b-1", "b-2")
	s, err := rules.NewShards(set, rules.ShardsConfig[string]{ID: self, Zone: zoneOf})
	if err != nil {
		fmt.Println(err)
		return
	}
	nodes, err := s.Shard(nil, "acme", 2)
	fmt.Println(s.Len(), nodes, err)
	// Output:
	// 4 [b-1 a-2] <nil>
}

func ExampleShards_Shard() {
	s := shardsOf("a-1", "a-2", "a-3", "b-1", "b-2", "b-3")
	for _, tenant := range []string{"acme", "globex", "initech"} {
		nodes, err := s.Shard(nil, tenant, 4)
		fmt.Println(tenant, nodes, err)
	}
	_, err := s.Shard(nil, "acme", 7)
	fmt.Println(err)
	// Output:
	// acme [b-1 a-2 a-3 b-3] <nil>
	// globex [b-2 a-1 a-3 b-1] <nil>
	// initech [a-1 b-2 b-3 a-3] <nil>
	// tenant "acme": a shard of 7 of 6 nodes: the size of a shard must be from 1 to the number of nodes
}

func ExampleShards_SelectN() {
	s := shardsOf("a-1", "a-2", "a-3", "b-1", "b-2", "b-3")
	nodes, err := s.SelectN(nil, "acme", 4, "user:42", 2)
	fmt.Println(nodes, err)
	// Output:
	// [b-1 a-2] <nil>
}

func ExampleShards_LookBack() {
	before := shardsOf("a-1", "a-2", "a-3", "b-1", "b-2", "b-3")
	now := shardsOf("a-1", "a-2", "a-3", "a-4", "b-1", "b-2", "b-3", "b-4")
	earlier := slices.Values([]*rules.Shards[string]{before})
	for _, tenant := range []string{"acme", "globex", "initech"} {
		nodes, err := now.LookBack(nil, tenant, 4, earlier)
		fmt.Println(tenant, nodes, err)
	}
	// Output:
	// acme [b-1 a-2 a-4 b-4 a-3 b-3] <nil>
	// globex [b-2 a-1 a-3 b-1] <nil>
	// initech [a-1 b-2 b-3 a-3] <nil>
}

func ExampleShards_Overlap() {
	s := shardsOf(fleet(20, 1)...)
	o, err := s.Overlap(tenants(1000), 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	expected, _ := s.Expected(4)
	for k, p := range expected {
		fmt.Printf("%d shared: %.4f of the pairs, %.4f expected\n", k, o.Share(k), p)
	}
	fmt.Printf("a tenant takes down %.4f of the others at most\n", o.Poisoned())
	// Output:
	// 0 shared: 0.3761 of the pairs, 0.3756 expected
	// 1 shared: 0.4624 of the pairs, 0.4623 expected
	// 2 shared: 0.1481 of the pairs, 0.1486 expected
	// 3 shared: 0.0131 of the pairs, 0.0132 expected
	// 4 shared: 0.0002 of the pairs, 0.0002 expected
	// a tenant takes down 0.0030 of the others at most
}

func ExampleShards_Expected() {
	s := shardsOf(fleet(30, 3)...)
	p, ok := s.Expected(4)
	fmt.Printf("%.4f of the pairs of tenants share all nodes, %v\n", p[4], ok)
	// Output:
	// 0.0001 of the pairs of tenants share all nodes, true
}

func ExampleExpectedOverlap() {
	// Shards of two nodes from each of three zones of six.
	p, err := rules.ExpectedOverlap([]int{6, 6, 6}, []int{2, 2, 2})
	fmt.Printf("%.5f %v\n", p[6], err)
	// Output:
	// 0.00030 <nil>
}

func ExampleNewLevels() {
	set, _ := rendezvous.Of("eu/eu-1/r1/a", "eu/eu-1/r2/b", "eu/eu-2/r3/c", "us/us-1/r4/d", "us/us-2/r5/e")
	cfg := rules.LevelsConfig[string]{
		ID: self, Domain: rackOf, Names: []string{"region", "zone", "rack"},
		Rule: rules.Rule{Replicas: 3, Limits: []rules.Limit{{Level: "region", Most: 2}, {Level: "zone", Most: 1}}},
	}
	levels, err := rules.NewLevels(set, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(levels.Select(nil, "user:42"))

	cfg.Rule.Limits[0].Most = 1
	_, err = rules.NewLevels(set, cfg)
	fmt.Println(err)
	// Output:
	// [eu/eu-1/r2/b us/us-2/r5/e us/us-1/r4/d] []
	// rule "at most 1 per region": the region domains "eu", "us" have room for 2 of 3 replicas: the rule cannot be met
}

// A program that keeps its own list of replicas asks which limits they break.
func ExampleLevels_Breaks() {
	set, _ := rendezvous.Of("eu/eu-1/r1/a", "eu/eu-1/r2/b", "us/us-1/r3/c")
	levels, err := rules.NewLevels(set, rules.LevelsConfig[string]{
		ID: self, Domain: rackOf, Names: []string{"region", "zone", "rack"},
		Rule: rules.Rule{Replicas: 2, Limits: []rules.Limit{{Level: "zone", Most: 1}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(levels.Breaks([]string{"eu/eu-1/r1/a", "us/us-1/r3/c"}))
	fmt.Println(levels.Breaks([]string{"eu/eu-1/r1/a", "eu/eu-1/r2/b"}))
	// Output:
	// []
	// [zone "eu/eu-1" has 2 replicas: the rule allows 1]
}

// A rule is checked without nodes, when a configuration is read.
func ExampleRule_Check() {
	rule := rules.Rule{Replicas: 3, HomeLevel: "region", Home: 2}
	fmt.Println(rule.Check([]string{"region", "zone"}))
	fmt.Println(rule.Check([]string{"zone", "rack"}))
	// Output:
	// <nil>
	// rule "2 in the nearest region, 1 elsewhere": "region" is none of zone, rack: not a level
}

// Two replicas in the region of the best node, and one elsewhere.
func ExampleNewLevels_home() {
	set, _ := rendezvous.Of("eu/eu-1/r1/a", "eu/eu-2/r2/b", "us/us-1/r3/c", "us/us-2/r4/d")
	levels, err := rules.NewLevels(set, rules.LevelsConfig[string]{
		ID: self, Domain: rackOf, Names: []string{"region", "zone", "rack"},
		Rule: rules.Rule{Replicas: 3, HomeLevel: "region", Home: 2},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range []string{"user:1", "user:2"} {
		fmt.Println(levels.Select(nil, key))
	}
	// Output:
	// [us/us-2/r4/d us/us-1/r3/c eu/eu-1/r1/a] []
	// [us/us-2/r4/d eu/eu-1/r1/a us/us-1/r3/c] []
}

func ExampleLevels_Select() {
	set, _ := rendezvous.Of("eu/eu-1/r1/a", "eu/eu-1/r2/b", "us/us-1/r3/c")
	levels, err := rules.NewLevels(set, rules.LevelsConfig[string]{
		ID: self, Domain: rackOf, Names: []string{"region", "zone", "rack"},
		Rule:    rules.Rule{Replicas: 3, Limits: []rules.Limit{{Level: "region", Most: 1}}},
		Degrade: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	nodes, breaks := levels.Select(nil, "user:42")
	fmt.Println(nodes)
	for _, b := range breaks {
		fmt.Println(b)
	}
	// Output:
	// [eu/eu-1/r2/b us/us-1/r3/c eu/eu-1/r1/a]
	// region "eu" has 2 replicas: the rule allows 1
}
