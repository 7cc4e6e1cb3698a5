package prf

import "github.com/proxenos/proxenos/internal/batch"

// FuncAll returns the function of [Method.Func] for many keys: it sets sums[i] to the
// result for keys[i]. There must be at least as many sums as keys.
//
// SipHash and the murmur methods without Options.X86 hash many keys at once where the
// processor has vector instructions for that; the others hash one key after another.
// The function does not allocate. It is safe for concurrent use.
func (m Method) FuncAll(o Options) func(sums []uint64, keys []string) {
	one, seed := m.Func(o), uint32(o.Seed)
	each := func(sums []uint64, keys []string) {
		for i, key := range keys {
			sums[i] = one(key)
		}
	}
	var many func(sums []uint64, keys []string) (done int)
	switch {
	case m == MMH32:
		many = func(sums []uint64, keys []string) int { return doneIf(batch.Murmur32(sums, keys, seed), keys) }
	case m == MMH64 && !o.X86:
		many = func(sums []uint64, keys []string) int { return murmur128All(sums, keys, seed, false) }
	case m == MMH128 && !o.X86:
		many = func(sums []uint64, keys []string) int { return murmur128All(sums, keys, seed, true) }
	case m >= MD5 && m <= MMH128:
		return each
	default:
		k0, k1 := o.words()
		return func(sums []uint64, keys []string) { sipHashAll(sums, keys, k0, k1) }
	}
	return func(sums []uint64, keys []string) {
		done := many(sums[:len(keys)], keys)
		each(sums[done:], keys[done:])
	}
}

// sipHashAll is sipHash for many keys.
func sipHashAll(sums []uint64, keys []string, k0, k1 uint64) {
	sums = sums[:len(keys)]
	if batch.SipHash(sums, keys, k0, k1) {
		return
	}
	for i, key := range keys {
		sums[i] = sipHash(key, k0, k1)
	}
}

// doneIf returns the number of keys, or 0 if they are not done.
func doneIf(done bool, keys []string) int {
	if done {
		return len(keys)
	}
	return 0
}

// murmurBlock is how many keys murmur128All hashes at a time, to bound the memory of
// the second words.
const murmurBlock = 64

// murmur128All sets sums to the first words of MurmurHash3_x64_128, or to both,
// exclusive or. It returns how many keys it did; a key at a time is better for the
// others.
func murmur128All(sums []uint64, keys []string, seed uint32, both bool) (done int) {
	var words [murmurBlock]uint64
	for done < len(keys) {
		end := min(done+murmurBlock, len(keys))
		part := sums[done:end]
		if !batch.Murmur128(part, words[:], keys[done:end], seed) {
			break
		}
		for i := range part {
			if both {
				part[i] ^= words[i]
			}
		}
		done = end
	}
	return done
}
