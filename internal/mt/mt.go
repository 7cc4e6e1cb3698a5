// Package mt computes the first draws of CPython's random module after seeding.
//
// The generator is the Mersenne Twister MT19937 of Matsumoto and Nishimura
// (1998), seeded with init_by_array as in their revision of 2002. CPython passes
// the absolute value of an integer seed as 32-bit words, the least significant
// first.
//
// Only the first draws are needed, so the state advances word by word and nearly
// all time goes into seeding: 1,247 steps that each depend on the previous one.
// Four independent seedings run in parallel lanes, which makes each almost three
// times cheaper.
package mt

// Lanes is the number of streams that Firsts computes at once.
const Lanes = 4

// Seed is the absolute value of an integer of up to 512 bits, in 32-bit words,
// the least significant first.
type Seed [16]uint32

// Firsts returns the first draw after each of the seeds. It does not allocate.
func Firsts(seeds *[Lanes]Seed) (draws [Lanes]uint64) {
	var g generator
	started := 0
	for lane := range seeds {
		if n := seeds[lane].words(); n != started {
			g.start(seeds, n)
			started = n
		}
		draws[lane] = g.draw(lane)
	}
	return draws
}

// words returns the number of words that CPython makes of the integer, without
// leading zeros but at least one.
func (s *Seed) words() int {
	n := len(s)
	for n > 1 && s[n-1] == 0 {
		n--
	}
	return n
}

const (
	size   = 624 // words of state
	offset = 397 // distance to the word that a step mixes in

	// The multipliers of the two passes of init_by_array.
	mul1 = 1664525
	mul2 = 1566083941
)

// base is the initial state of every seeding, init_genrand(19650218).
var base = baseState()

func baseState() (state [size][Lanes]uint32) {
	last := uint32(19650218)
	for i := range state {
		state[i] = [Lanes]uint32{last, last, last, last}
		last = 1812433253*(last^last>>30) + uint32(i) + 1
	}
	return state
}

// generator is one stream of draws per lane.
type generator struct {
	state [size][Lanes]uint32
	next  [Lanes]int
}

// start seeds the streams with n words of each seed. Lanes whose seed has another
// number of words are not usable.
func (g *generator) start(seeds *[Lanes]Seed, n int) {
	// The previous words of the lanes are four variables because the compiler
	// keeps variables in registers, but not arrays.
	g.state = base
	a, b, c, d := base[0][0], base[0][1], base[0][2], base[0][3]
	i, j := 1, 0
	for range size {
		x, w := &g.state[i], j&(len(seeds[0])-1) // w is j, without a bounds check
		a = (x[0] ^ (a^a>>30)*mul1) + seeds[0][w] + uint32(w)
		b = (x[1] ^ (b^b>>30)*mul1) + seeds[1][w] + uint32(w)
		c = (x[2] ^ (c^c>>30)*mul1) + seeds[2][w] + uint32(w)
		d = (x[3] ^ (d^d>>30)*mul1) + seeds[3][w] + uint32(w)
		x[0], x[1], x[2], x[3] = a, b, c, d
		if i++; i == size {
			i = 1
		}
		if j++; j == n {
			j = 0
		}
	}
	for range size - 1 {
		x, w := &g.state[i], uint32(i)
		a = (x[0] ^ (a^a>>30)*mul2) - w
		b = (x[1] ^ (b^b>>30)*mul2) - w
		c = (x[2] ^ (c^c>>30)*mul2) - w
		d = (x[3] ^ (d^d>>30)*mul2) - w
		x[0], x[1], x[2], x[3] = a, b, c, d
		if i++; i == size {
			i = 1
		}
	}
	g.state[0] = [Lanes]uint32{1 << 31, 1 << 31, 1 << 31, 1 << 31}
	g.next = [Lanes]int{}
}

// draw returns randint(0, 2^63-1) of the stream: the first 64-bit number below
// 2^63, as half of them are.
func (g *generator) draw(lane int) uint64 {
	for {
		low := uint64(g.uint32(lane))
		if n := low | uint64(g.uint32(lane))<<32; n < 1<<63 {
			return n
		}
	}
}

// uint32 returns the next word of the stream.
func (g *generator) uint32(lane int) uint32 {
	i := g.next[lane]
	after := (i + 1) % size
	x := g.state[i][lane]&(1<<31) | g.state[after][lane]&(1<<31-1)
	far := g.state[(i+offset)%size][lane]
	x = far ^ x>>1 ^ -(x&1)&0x9908b0df
	g.state[i][lane], g.next[lane] = x, after
	return temper(x)
}

func temper(x uint32) uint32 {
	x ^= x >> 11
	x ^= x << 7 & 0x9d2c5680
	x ^= x << 15 & 0xefc60000
	return x ^ x>>18
}
