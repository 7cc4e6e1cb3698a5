package nodeset

// With returns the set that New would build if the nodes were appended to the
// input of s.
func (s *Set[N]) With(nodes []N, id func(N) string, weight func(N) float64) (*Set[N], error) {
	added, err := New(nodes, id, weight)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return added, nil
	}
	merged := newSet[N](s.Len() + added.Len())
	for i, j := 0, 0; i < s.Len() || j < added.Len(); {
		if j == added.Len() || i < s.Len() && s.IDs[i] <= added.IDs[j] {
			err = merged.add(s.Nodes[i], s.IDs[i], s.Weights[i], s.Order[i])
			i++
		} else {
			err = merged.add(added.Nodes[j], added.IDs[j], added.Weights[j], s.Len()+added.Order[j])
			j++
		}
		if err != nil {
			return nil, err
		}
	}
	return merged, nil
}

// Without returns the set that New would build if the nodes with these IDs were
// deleted from the input of s. An ID may be repeated; an unknown one is an error.
func (s *Set[N]) Without(ids []string) (*Set[N], error) {
	drop := make(map[int]bool, len(ids))
	for _, id := range ids {
		i, ok := s.Find(id)
		if !ok {
			return nil, &Error{ID: id, Err: ErrUnknownID}
		}
		drop[i] = true
	}
	rest := newSet[N](s.Len() - len(drop))
	if s == nil {
		return rest, nil
	}
	order := s.orderWithout(drop)
	for i, n := range s.Nodes {
		if drop[i] {
			continue
		}
		if err := rest.add(n, s.IDs[i], s.Weights[i], order[s.Order[i]]); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// orderWithout maps indices in the order of input to those after the deletion.
func (s *Set[N]) orderWithout(drop map[int]bool) []int {
	dropped := make([]bool, s.Len())
	for i := range drop {
		dropped[s.Order[i]] = true
	}
	order, next := make([]int, s.Len()), 0
	for i, gone := range dropped {
		order[i] = next
		if !gone {
			next++
		}
	}
	return order
}

// Reweight returns the set with another weight for one node.
func (s *Set[N]) Reweight(id string, weight float64) (*Set[N], error) {
	i, ok := s.Find(id)
	if !ok {
		return nil, &Error{ID: id, Err: ErrUnknownID}
	}
	if err := checkWeight(id, weight); err != nil {
		return nil, err
	}
	changed := *s
	changed.Weights = append([]float64(nil), s.Weights...)
	changed.Weights[i] = weight + 0 // makes -0 +0, as add does
	return &changed, nil
}
