package place

import (
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring"
)

// Rings that agree with another program hash the address of a node, as that program
// does. hash-ring hashes the ID, as its nodes are arbitrary strings.

func buildHashed(o *Flags, nodes []mapper.Node) (Ranking, error) {
	return makeRing(nodes, mapper.Node.ID, ring.Config[int]{
		Hash:   o.Method.Func(o.environment.Options),
		Unit:   o.unit.value,
		Layout: ring.Hashed(o.points.value),
	})
}

func buildKetama(mode ring.KetamaMode) func(*Flags, []mapper.Node) (Ranking, error) {
	return func(_ *Flags, nodes []mapper.Node) (Ranking, error) {
		return makeRing(nodes, mapper.Node.Address, ring.Config[int]{Layout: ring.Ketama(mode)})
	}
}

func buildNginx(_ *Flags, nodes []mapper.Node) (Ranking, error) {
	return makeRing(nodes, mapper.Node.Address, ring.Config[int]{Layout: ring.Nginx()})
}

func buildContinuum(layout func(points int) ring.Layout) func(*Flags, []mapper.Node) (Ranking, error) {
	return func(o *Flags, nodes []mapper.Node) (Ranking, error) {
		return makeRing(nodes, mapper.Node.Address, ring.Config[int]{Layout: layout(o.points.value)})
	}
}

func buildHashRing(_ *Flags, nodes []mapper.Node) (Ranking, error) {
	return makeRing(nodes, mapper.Node.ID, ring.Config[int]{Layout: ring.HashRing()})
}

// makeRing builds a ring of the nodes in the given order.
func makeRing(nodes []mapper.Node, id func(mapper.Node) string, cfg ring.Config[int]) (*ring.Ring[int], error) {
	cfg.ID = func(i int) string { return id(nodes[i]) }
	cfg.Capacity = func(i int) float64 { return nodes[i].Capacity() }
	return ring.New(indexes(nodes), cfg)
}
