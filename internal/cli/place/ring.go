package place

import (
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring"
)

// Rings that agree with another program hash the address of a node, as that program
// does. hash-ring hashes the ID, as its nodes are arbitrary strings.

func buildHashed(o *Flags, nodes []mapper.Node) (Ranking, error) {
	return makeRing(nodes, mapper.Node.ID, ring.Hashed(o.points.value), o.Method.Func(o.environment.Options))
}

func buildKetama(mode ring.KetamaMode) func(*Flags, []mapper.Node) (Ranking, error) {
	return func(_ *Flags, nodes []mapper.Node) (Ranking, error) {
		return makeRing(nodes, mapper.Node.Address, ring.Ketama(mode), nil)
	}
}

func buildNginx(_ *Flags, nodes []mapper.Node) (Ranking, error) {
	return makeRing(nodes, mapper.Node.Address, ring.Nginx(), nil)
}

func buildContinuum(layout func(points int) ring.Layout) func(*Flags, []mapper.Node) (Ranking, error) {
	return func(o *Flags, nodes []mapper.Node) (Ranking, error) {
		return makeRing(nodes, mapper.Node.Address, layout(o.points.value), nil)
	}
}

func buildHashRing(_ *Flags, nodes []mapper.Node) (Ranking, error) {
	return makeRing(nodes, mapper.Node.ID, ring.HashRing(), nil)
}

// makeRing builds a ring of the nodes in the given order.
func makeRing(nodes []mapper.Node, id func(mapper.Node) string, layout ring.Layout, hash func(string) uint64) (*ring.Ring[int], error) {
	return ring.New(indexes(nodes), ring.Config[int]{
		ID:       func(i int) string { return id(nodes[i]) },
		Capacity: func(i int) float64 { return nodes[i].Capacity() },
		Hash:     hash,
		Layout:   layout,
	})
}
