package place

import (
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring"
)

// Rings that agree with another program know a server by its address, as that
// program does, but for hash-ring, whose nodes are any text.

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

// makeRing makes a ring of the nodes in the order given.
func makeRing(nodes []mapper.Node, id func(mapper.Node) string, layout ring.Layout, hash func(string) uint64) (*ring.Ring[int], error) {
	return ring.New(places(nodes), ring.Config[int]{
		ID:       func(i int) string { return id(nodes[i]) },
		Capacity: func(i int) float64 { return nodes[i].Capacity() },
		Hash:     hash,
		Layout:   layout,
	})
}
