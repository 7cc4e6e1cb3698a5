package place

// SelectAll appends the owner of every key to dst, or -1 for a key without one.
func SelectAll(dst []int, r Ranking, keys []string) []int {
	for _, key := range keys {
		i, ok := r.Select(key)
		if !ok {
			i = -1
		}
		dst = append(dst, i)
	}
	return dst
}

// SelectBoth appends the owners of every key in two placements to from and to.
func SelectBoth(from, to []int, before, after *Placement, keys []string) ([]int, []int) {
	return SelectAll(from, before, keys), SelectAll(to, after, keys)
}
