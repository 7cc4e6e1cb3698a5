package rendezvous

// With returns the table of the same size over the nodes of [Set.With], with
// its errors. Each slot compares its owner with the added nodes only, unless
// they are many or there is a Scorer.
func (t *Table[N]) With(nodes ...N) (*Table[N], error) { return t.edited(t.nodes().With(nodes...)) }

// Without returns the table of the same size over the nodes of [Set.Without],
// with its errors. Without a Scorer only the slots of the deleted nodes are
// scored.
func (t *Table[N]) Without(ids ...string) (*Table[N], error) {
	return t.edited(t.nodes().Without(ids...))
}

// Reweight returns the table of the same size over the nodes of [Set.Reweight],
// with its errors. Without a Scorer a greater weight costs each slot one
// comparison, and a smaller one scores the slots of the node.
func (t *Table[N]) Reweight(id string, weight float64) (*Table[N], error) {
	return t.edited(t.nodes().Reweight(id, weight))
}

// Over returns the table of the same size over the nodes of [Set.Over], with its
// errors. Each slot compares its owner with the added and heavier nodes only, unless
// they are many or there is a Scorer.
func (t *Table[N]) Over(nodes []N) (*Table[N], error) { return t.edited(t.nodes().Over(nodes)) }

// edited returns the table of the same size over s. It takes the owners from t
// where they are still the best.
func (t *Table[N]) edited(s *Set[N], err error) (*Table[N], error) {
	switch {
	case err != nil:
		return nil, err
	case t.Slots() == 0:
		return new(Table[N]), nil
	}
	e := editOf(t.set, s)
	if s.fill != nil || len(t.owners) == 0 || 2*len(e.risen) > len(s.live) {
		return s.Table(64 - t.shift)
	}
	edited, err := newTable(s, 64-t.shift)
	if err != nil {
		return nil, err
	}
	edited.assign(func(key string, slot int) int {
		if at := e.kept[t.owners[slot]]; at >= 0 {
			return s.bestOf(key, at, e.risen)
		}
		return s.best(s.whole(key))
	})
	return edited, nil
}

// edit is how the live nodes of a set became those of another. A node that is
// kept still beats every node but the risen ones: scores do not depend on other
// nodes, and a greater weight never lowers a value.
type edit struct {
	kept  []int // by index in the old set, the index in the new; -1 for deleted or lighter nodes
	risen []int // indices in the new set of added and heavier nodes
}

func editOf[N any](from, to *Set[N]) edit {
	e := edit{kept: make([]int, len(from.live))}
	next := 0
	for i := range from.live {
		e.kept[i] = -1
		for ; next < len(to.live) && to.liveID(next) < from.liveID(i); next++ {
			e.risen = append(e.risen, next)
		}
		if next == len(to.live) || to.liveID(next) != from.liveID(i) {
			continue
		}
		before, after := from.all.Weights[from.places[i]], to.all.Weights[to.places[next]]
		if after >= before {
			e.kept[i] = next
		}
		if after > before {
			e.risen = append(e.risen, next)
		}
		next++
	}
	for ; next < len(to.live); next++ {
		e.risen = append(e.risen, next)
	}
	return e
}

// bestOf returns the best for the whole key of the node at one index and those at
// others.
func (s *Set[N]) bestOf(key string, at int, others []int) int {
	if len(others) == 0 {
		return at
	}
	x := expand(s.hash(key))
	top := s.candidate(at, x.score(s.seeds[at]))
	for _, i := range others {
		if c := s.candidate(i, x.score(s.seeds[i])); c.beats(top) {
			top = c
		}
	}
	return int(top.index)
}
