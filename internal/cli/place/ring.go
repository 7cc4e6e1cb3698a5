package place

import (
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/ring"
	"github.com/proxenos/proxenos/ring/slots"
)

// Rings that agree with another program hash what that program hashes: usually the
// address of a node.

func buildHashed(o *Flags, nodes []mapper.Node) (Ranking, error) {
	return makeRing(nodes, mapper.Node.ID, ring.Config[int]{
		Hash:    o.Method.Func(o.environment.Options),
		HashAll: o.Method.FuncAll(o.environment.Options),
		Key:     o.cut(),
		Unit:    o.unit.value,
		Layout:  ring.Hashed(o.points.value),
	})
}

func buildKetama(mode ring.KetamaMode) func(*Flags, []mapper.Node) (Ranking, error) {
	return buildRing(func(*Flags) ring.Layout { return ring.Ketama(mode) })
}

// buildRing builds the ring of a program.
func buildRing(layout func(*Flags) ring.Layout) func(*Flags, []mapper.Node) (Ranking, error) {
	return func(o *Flags, nodes []mapper.Node) (Ranking, error) {
		return makeRing(nodes, o.hashed, ring.Config[int]{Layout: layout(o), Key: o.cut()})
	}
}

// haproxy returns the layout for servers that HAProxy numbers by their position, or
// for IDs that are its numbers.
func haproxy(o *Flags) ring.Layout {
	if o.hashBy == byID {
		return ring.HAProxyByID(o.keyHash)
	}
	return ring.HAProxy(o.keyHash)
}

// makeRing builds a ring of the nodes in the given order.
func makeRing(nodes []mapper.Node, id func(mapper.Node) string, cfg ring.Config[int]) (*ring.Ring[int], error) {
	cfg.ID = func(i int) string { return id(nodes[i]) }
	cfg.Capacity = func(i int) float64 { return nodes[i].Capacity() }
	return ring.New(indexes(nodes), cfg)
}

// buildGoRedis builds the set that agrees with go-redis.
func buildGoRedis(o *Flags, nodes []mapper.Node) (Ranking, error) {
	return rendezvous.New(indexes(nodes), rendezvous.Config[int]{
		ID:     func(i int) string { return o.hashed(nodes[i]) },
		Weight: func(i int) float64 { return nodes[i].Capacity() },
		Scorer: rendezvous.GoRedis(),
	})
}

// buildSlots builds the map of a program that has slots.
func buildSlots(scheme func(*Flags) slots.Scheme) func(*Flags, []mapper.Node) (Ranking, error) {
	return func(o *Flags, nodes []mapper.Node) (Ranking, error) {
		return makeSlots(nodes, o.hashed, scheme(o), o.cut())
	}
}

// buildCluster gives the slots of --slots to the nodes that they name by ID or
// address.
func buildCluster(o *Flags, nodes []mapper.Node) (Ranking, error) {
	names := make(map[string]string, 2*len(nodes))
	for _, n := range nodes {
		names[n.Address()] = n.ID()
	}
	for _, n := range nodes {
		names[n.ID()] = n.ID()
	}
	ranges := make([]slots.Range, len(o.ranges))
	for i, r := range o.ranges {
		if id, ok := names[r.ID]; ok {
			r.ID = id
		}
		ranges[i] = r
	}
	return makeSlots(nodes, mapper.Node.ID, slots.RedisCluster(ranges), nil) // which cuts keys itself
}

func makeSlots(nodes []mapper.Node, id func(mapper.Node) string, scheme slots.Scheme, cut func(string) string) (*slots.Map[int], error) {
	return slots.New(indexes(nodes), slots.Config[int]{
		ID:     func(i int) string { return id(nodes[i]) },
		Weight: func(i int) float64 { return nodes[i].Capacity() },
		Scheme: scheme,
		Key:    cut,
	})
}
