package main

import (
	"math"

	"github.com/cespare/xxhash/v2"
)

// logPerNode is the usual form of weighted rendezvous hashing, after mcrouter's
// WeightedRendezvousHashFunc: a logarithm for every node and key. Unlike mcrouter
// it does not hash the key again for every node.
type logPerNode struct {
	nodes   []string
	hashes  []uint64
	weights []float64
}

func newLogPerNode(nodes []string, weight func(string) float64) *logPerNode {
	l := &logPerNode{nodes: nodes}
	for _, node := range nodes {
		l.hashes = append(l.hashes, xxhash.Sum64String(node))
		l.weights = append(l.weights, weight(node))
	}
	return l
}

// Select returns the node with the greatest -w/ln(u).
func (l *logPerNode) Select(key string) string {
	h := xxhash.Sum64String(key)
	best, bestScore := 0, math.Inf(-1)
	for i, node := range l.hashes {
		u := (float64(splitmix(h^node)>>11) + 0.5) / (1 << 53)
		if score := -l.weights[i] / math.Log(u); score > bestScore {
			best, bestScore = i, score
		}
	}
	return l.nodes[best]
}

func (l *logPerNode) lookup(keys []string) {
	for _, key := range keys {
		l.Select(key)
	}
}

// splitmix is the finalizer of SplitMix64.
func splitmix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// mixedWeight returns one of four weights, derived from the name of the node.
func mixedWeight(node string) float64 { return 1 + float64(xxhash.Sum64String(node)%4) }
