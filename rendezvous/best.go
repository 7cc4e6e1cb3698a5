package rendezvous

// wide is the number of nodes from which best works in blocks. For fewer, a
// single loop is faster.
const wide = 192

// narrow is the number of nodes below which best uses no other form.
const narrow = 32

// best returns the index of the greatest score, the smallest index of several.
// There is at least one seed.
func (x mixer) best(seeds []uint64) int {
	if len(seeds) < narrow { // saves a call
		at, _ := x.bestOf(seeds)
		return at
	}
	if haveVector && len(seeds) >= vectorFrom {
		return x.bestVector(seeds)
	}
	return x.bestScalar(seeds)
}

// bestScalar is best in portable Go, and the reference for every other form.
func (x mixer) bestScalar(seeds []uint64) int {
	if len(seeds) < wide {
		at, _ := x.bestOf(seeds)
		return at
	}
	return x.bestInBlocks(seeds)
}

// bestOf is best for a few seeds. Its comparison compiles to a conditional move,
// so no branch is mispredicted.
func (x mixer) bestOf(seeds []uint64) (at int, top uint64) {
	for i, seed := range seeds {
		if raw := x.score(seed); raw > top {
			at, top = i, raw
		}
	}
	return at, top
}

const block = 8

// bestInBlocks compares the greatest scores of blocks, which independent maxima
// compute fast, and then searches the winning block for the index.
func (x mixer) bestInBlocks(seeds []uint64) int {
	start, top := 0, uint64(0)
	i := 0
	for ; i+block <= len(seeds); i += block {
		s := seeds[i : i+block : i+block]
		a := max(x.score(s[0]), x.score(s[1]))
		b := max(x.score(s[2]), x.score(s[3]))
		c := max(x.score(s[4]), x.score(s[5]))
		d := max(x.score(s[6]), x.score(s[7]))
		if raw := max(max(a, b), max(c, d)); raw > top {
			start, top = i, raw
		}
	}
	if at, raw := x.bestOf(seeds[i:]); raw > top {
		return i + at
	}
	at, _ := x.bestOf(seeds[start : start+block])
	return start + at
}
