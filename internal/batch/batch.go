// Package batch works on many keys at once, with vector instructions: it cuts text into
// keys, hashes them, finds their owners and pastes records of both. The results are those
// of the functions for one key.
//
// Every function reports whether it did its work. It did not if the processor has no
// suitable instructions, or if there are too few keys; the caller then loops over
// the keys. Functions read no byte beyond the end of a key.
package batch

// group is how many keys the vector code works on at once.
const group = 16

// worth is the number of keys from which a group that is not full is faster than
// one key at a time.
const worth = 4

// hasher is one of the hash functions with its parameters.
type hasher struct {
	function
	k0, k1 uint64
}

// function says what hasher.run computes.
type function int

const (
	sipHash function = iota
	murmur32
	murmur128
)

// SipHash sets sums[i] to SipHash-2-4 of keys[i] under the key of two words. There
// are as many sums as keys.
func SipHash(sums []uint64, keys []string, k0, k1 uint64) bool {
	return hasher{sipHash, k0, k1}.all(sums, nil, keys)
}

// Murmur32 sets sums[i] to MurmurHash3_x86_32 of keys[i]. There are as many sums as
// keys.
func Murmur32(sums []uint64, keys []string, seed uint32) bool {
	return hasher{murmur32, uint64(seed), 0}.all(sums, nil, keys)
}

// Murmur128 sets low[i] and high[i] to the two words of MurmurHash3_x64_128 of
// keys[i]. There are as many words of either kind as keys.
func Murmur128(low, high []uint64, keys []string, seed uint32) bool {
	return hasher{murmur128, uint64(seed), 0}.all(low, high, keys)
}

// all hashes groups of keys. The last group may overlap the one before it. Only
// murmur128 has a second word.
func (h hasher) all(low, high []uint64, keys []string) bool {
	n := len(keys)
	switch {
	case n < worth || !h.available(keys):
		return false
	case n < group:
		h.few(low, high, keys)
		return true
	case high == nil:
		high = low
	}
	whole, rest := n&^(group-1), n-group
	h.run(low[:whole], high[:whole], keys[:whole])
	if whole < n {
		h.run(low[rest:n], high[rest:n], keys[rest:])
	}
	return true
}

// few hashes less than a group of keys. The others repeat the first key.
func (h hasher) few(low, high []uint64, keys []string) {
	var all [group]string
	for i := range all {
		all[i] = keys[0]
	}
	copy(all[:], keys)
	var lows, highs [group]uint64
	h.run(lows[:], highs[:], all[:])
	copy(low[:len(keys)], lows[:])
	if high != nil {
		copy(high[:len(keys)], highs[:])
	}
}

// Best sets at[i] to the index of the seed that has the greatest score for
// hashes[i], the smallest index of several. The score is that of package rendezvous.
// There are as many indices as hashes.
func Best(at []uint32, hashes, seeds []uint64) bool {
	n := len(hashes)
	switch {
	case n < worth || len(seeds) == 0 || !haveBest():
		return false
	case n < group:
		var all [group]uint64
		var ats [group]uint32
		copy(all[:], hashes)
		best(ats[:], all[:], seeds)
		copy(at[:n], ats[:])
		return true
	}
	whole, rest := n&^(group-1), n-group
	best(at[:whole], hashes[:whole], seeds)
	if whole < n {
		best(at[rest:n], hashes[rest:], seeds)
	}
	return true
}

// Bound sets at[i] to the index of the seed whose weighted score for hashes[i] has
// the greatest bound, w/(1-u), where u is the score as a fraction of 1. It sets
// next[i] to the inverse of the second greatest bound, infinity for a single seed,
// with u in units of 2^-52; its relative error is less than 2^-51. inverse holds 1/w for
// each seed. There are as many indices and bounds as hashes.
func Bound(at []uint32, next []float64, hashes, seeds []uint64, inverse []float64) bool {
	n := len(hashes)
	switch {
	case n < worth || len(seeds) == 0 || !haveBest():
		return false
	case n < group:
		var all [group]uint64
		var ats [group]uint32
		var nexts [group]float64
		copy(all[:], hashes)
		bound(ats[:], nexts[:], all[:], seeds, inverse)
		copy(at[:n], ats[:])
		copy(next[:n], nexts[:])
		return true
	}
	whole, rest := n&^(group-1), n-group
	bound(at[:whole], next[:whole], hashes[:whole], seeds, inverse)
	if whole < n {
		bound(at[rest:n], next[rest:n], hashes[rest:], seeds, inverse)
	}
	return true
}

// MaxFew is the greatest number of nodes that [Few] finds.
const MaxFew = 8

// Few sets at[i*n] to at[i*n+n-1] to the indices of the seeds that have the n greatest
// scores for hashes[i], best first, those of equal scores in ascending order. An index is
// [None] if the score is 0, which different seeds do not have. n is from 2 to MaxFew,
// and there are at least n seeds.
func Few(at []uint32, hashes, seeds []uint64, n int) bool {
	if len(hashes) < worth || n < 2 || len(seeds) < n {
		return false
	}
	form, ok := fewOf(n)
	if !ok {
		return false
	}
	at = at[:n*len(hashes)]
	for len(hashes) > 0 {
		var all [fewBlock]uint64
		var ats [fewBlock * MaxFew]uint32
		took := copy(all[:], hashes)
		fewBest(&ats[0], &all[0], (took+form.keys-1)/form.keys, seeds, n, min(len(seeds), form.dense*n))
		for i := range took {
			from := ats[i/form.keys*form.keys*n+i%form.keys:]
			for r := range n {
				at[i*n+r] = from[r*form.keys]
			}
		}
		at, hashes = at[n*took:], hashes[took:]
	}
	return true
}

// MaxFewBounds is the greatest number of nodes that [FewBounds] finds.
const MaxFewBounds = 4

// FewBounds sets at[i*n] to at[i*n+n-1] to the indices of the seeds whose weighted scores
// for hashes[i] have the n greatest bounds, as [Bound] has them, best first. It sets
// next[i] to the inverse of the bound that follows. n is from 2 to MaxFewBounds, and
// there are more than n seeds.
func FewBounds(at []uint32, next []float64, hashes, seeds []uint64, inverse []float64, n int) bool {
	if len(hashes) < worth || n < 2 || n > MaxFewBounds || len(seeds) <= n || !haveFewBounds() {
		return false
	}
	const keys = 8 // of a group
	kept := n + 1
	at = at[:n*len(hashes)]
	for len(hashes) > 0 {
		var all [fewBlock]uint64
		var ats [fewBlock * (MaxFewBounds + 1)]uint32
		var nexts [fewBlock]float64
		took := copy(all[:], hashes)
		fewBounds(&ats[0], &nexts[0], &all[0], (took+keys-1)/keys, seeds, inverse, kept, min(len(seeds), 20*kept))
		for i := range took {
			from := ats[i/keys*keys*kept+i%keys:]
			for r := range n {
				at[i*n+r] = from[r*keys]
			}
		}
		copy(next, nexts[:took])
		at, next, hashes = at[n*took:], next[took:], hashes[took:]
	}
	return true
}

// fewBlock is how many keys Few ranks before it copies their indices. It is a multiple of
// the groups of all forms.
const fewBlock = 4 * group

// fewForm describes how fewBest finds a number of best nodes.
type fewForm struct {
	keys  int // of a group
	dense int // nodes, for each of the best, that are cheaper to score without branches
}
