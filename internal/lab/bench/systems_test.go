package main

import (
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/dgryski/go-jump"
	dgryski "github.com/dgryski/go-rendezvous"
	"github.com/golang/groupcache/consistenthash"
	"github.com/serialx/hashring"
	gozero "github.com/zeromicro/go-zero/core/hash"
	"stathat.com/c/consistent"

	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/ring"
)

// points is the number of points of a node on every ring.
const points = 160

// tableBits is the binary logarithm of the number of slots of our table.
const tableBits = 16

// system is an implementation of placement, ours or a peer's.
type system struct {
	name string
	// most is the maximum number of nodes to measure. Two peers sort all points
	// for every node added, which takes half a minute for a thousand nodes.
	most  int
	build func(nodes []string) chooser
}

// chooser is a built system. lookup and three contain the loop over keys, so that
// measurements do not include a call of a function value per key.
type chooser struct {
	value  any // the built system, to keep it alive
	owner  func(key string) string
	lookup func(keys []string)
	three  func(keys []string) // the first three owners of each key; nil if not supported
	add    func(node string)   // in place; nil if the system is immutable
}

// keys returns the keys of all benchmarks.
var keys = sync.OnceValue(makeKeys)

var systems = []system{
	{"rendezvous", 1_000_000, func(nodes []string) chooser { return ofSet(newSet(nodes, nil)) }},
	{"table", 10_000, ofTable},
	{"ring", 100_000, ofRing},
	{"go-rendezvous", 10_000, ofDgryski},
	{"groupcache", 10_000, ofGroupcache},
	{"serialx", 10_000, ofSerialx},
	{"go-zero", 100, ofGoZero},
	{"stathat", 100, ofStathat},
	{"go-jump", 10_000, ofJump},
}

func systemNamed(name string) system {
	for _, s := range systems {
		if s.name == name {
			return s
		}
	}
	panic("no system called " + name)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func itself(id string) string { return id }

func newSet(nodes []string, weight func(string) float64) *rendezvous.Set[string] {
	return must(rendezvous.New(nodes, rendezvous.Config[string]{ID: itself, Weight: weight}))
}

func ofSet(set *rendezvous.Set[string]) chooser {
	return chooser{
		value: set,
		owner: func(key string) string { node, _ := set.Select(key); return node },
		lookup: func(keys []string) {
			for _, key := range keys {
				set.Select(key)
			}
		},
		three: func(keys []string) {
			three := make([]string, 0, 3)
			for _, key := range keys {
				three = set.SelectN(three[:0], key, 3)
			}
		},
	}
}

func ofTable(nodes []string) chooser {
	table := must(newSet(nodes, nil).Table(tableBits))
	return chooser{
		value: table,
		owner: func(key string) string { node, _ := table.Select(key); return node },
		lookup: func(keys []string) {
			for _, key := range keys {
				table.Select(key)
			}
		},
		three: func(keys []string) {
			three := make([]string, 0, 3)
			for _, key := range keys {
				three = table.SelectN(three[:0], key, 3)
			}
		},
	}
}

func ofRing(nodes []string) chooser {
	circle := must(ring.New(nodes, ring.Config[string]{ID: itself, Layout: ring.Hashed(points)}))
	return chooser{
		value: circle,
		owner: func(key string) string { node, _ := circle.Select(key); return node },
		lookup: func(keys []string) {
			for _, key := range keys {
				circle.Select(key)
			}
		},
		three: func(keys []string) {
			three := make([]string, 0, 3)
			for _, key := range keys {
				three = circle.SelectN(three[:0], key, 3)
			}
		},
	}
}

// ofDgryski is given the fastest of the usual hashes, as its users would.
func ofDgryski(nodes []string) chooser {
	set := dgryski.New(nodes, xxhash.Sum64String)
	return chooser{
		value: set,
		owner: set.Lookup,
		lookup: func(keys []string) {
			for _, key := range keys {
				set.Lookup(key)
			}
		},
		add: set.Add,
	}
}

func ofGroupcache(nodes []string) chooser {
	circle := consistenthash.New(points, nil)
	circle.Add(nodes...)
	return chooser{
		value: circle,
		owner: circle.Get,
		lookup: func(keys []string) {
			for _, key := range keys {
				circle.Get(key)
			}
		},
		add: func(node string) { circle.Add(node) },
	}
}

func ofSerialx(nodes []string) chooser {
	weights := make(map[string]int, len(nodes))
	for _, node := range nodes {
		weights[node] = points
	}
	circle := hashring.NewWithWeights(weights)
	return chooser{
		value: circle,
		owner: func(key string) string { node, _ := circle.GetNode(key); return node },
		lookup: func(keys []string) {
			for _, key := range keys {
				circle.GetNode(key)
			}
		},
		three: func(keys []string) {
			for _, key := range keys {
				circle.GetNodes(key, 3)
			}
		},
		add: func(node string) { circle.AddWeightedNode(node, points) },
	}
}

func ofGoZero(nodes []string) chooser {
	circle := gozero.NewCustomConsistentHash(points, nil)
	for _, node := range nodes {
		circle.Add(node)
	}
	return chooser{
		value: circle,
		owner: func(key string) string { node, _ := circle.Get(key); return node.(string) },
		lookup: func(keys []string) {
			for _, key := range keys {
				circle.Get(key)
			}
		},
		add: func(node string) { circle.Add(node) },
	}
}

func ofStathat(nodes []string) chooser {
	circle := consistent.New()
	circle.NumberOfReplicas = points
	circle.Set(nodes)
	return chooser{
		value: circle,
		owner: func(key string) string { return must(circle.Get(key)) },
		lookup: func(keys []string) {
			for _, key := range keys {
				must(circle.Get(key))
			}
		},
		three: func(keys []string) {
			for _, key := range keys {
				must(circle.GetN(key, 3))
			}
		},
		add: circle.Add,
	}
}

// ofJump numbers the nodes. Removing any but the last one moves keys between all
// nodes that follow it.
func ofJump(nodes []string) chooser {
	return chooser{
		value: nodes,
		owner: func(key string) string { return nodes[jump.Hash(xxhash.Sum64String(key), len(nodes))] },
		lookup: func(keys []string) {
			for _, key := range keys {
				_ = nodes[jump.Hash(xxhash.Sum64String(key), len(nodes))]
			}
		},
	}
}
