package rendezvous

import (
	"github.com/proxenos/proxenos/internal/mt"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// PythonOptions is the configuration of the Python program to agree with. The
// zero value is that program's default.
type PythonOptions struct {
	// Method is its PROXENOS_PRF, a name that [prf.Parse] accepts. Empty is
	// siphash.
	Method string

	// Options holds its PROXENOS_MMH_SEED and PROXENOS_SIPHASH_KEY. X86 is true
	// if its PROXENOS_MMH_OPTIMIZE is x86, or is auto on a 32-bit machine.
	prf.Options
}

// PythonProxenos returns a [Scorer] that selects the same nodes as the program
// that proxenos descends from, github.com/darvid/proxenos in Python.
//
// The ID of a node is its socket address: "10.0.0.1:8000", "[2001:db8::1]:8000"
// or, as the original prints it, "2001:db8::1:8000". The host is an IP address;
// names are not resolved. IPv4 addresses may have fewer than four parts, and
// octal or hexadecimal ones, as in inet_aton; an IPv6 address that embeds an
// IPv4 address equals it. New refuses any other ID with a [*NodeError], and an
// unknown method with an error that lists the valid ones.
//
// A score is the original's 63-bit weight times two. The original has neither
// weights nor draining; equal weights do not change its order. There a node
// whose weight for a key is zero cannot win, even alone; here it can. That is one
// key in 2^63.
//
// Every lookup seeds a Mersenne Twister for every node, as the original does,
// which takes about a microsecond a node. It does not allocate.
func PythonProxenos(opts PythonOptions) Scorer {
	return func(ids []string) (func(scores []uint64, key string), error) {
		p := python{opts: opts.Options}
		if opts.Method != "" {
			var err error
			if p.method, err = prf.Parse(opts.Method); err != nil {
				return nil, err
			}
		}
		if err := p.admit(ids); err != nil {
			return nil, err
		}
		return p.score, nil
	}
}

// python computes the scores of the original.
type python struct {
	method prf.Method
	opts   prf.Options
	nodes  []uint64 // the random number of each address
}

// admit computes the random number of each node.
func (p *python) admit(ids []string) error {
	seeds := make([]mt.Seed, len(ids))
	for i, id := range ids {
		address, err := parseSocketAddress(id)
		if err != nil {
			return &NodeError{ID: id, Err: err}
		}
		packed := address.pack()
		seeds[i] = prf.SHA512.Integer(prf.Options{}, string(packed[:])).Abs
	}
	p.nodes = make([]uint64, len(ids))
	drawEach(p.nodes, func(i int) mt.Seed { return seeds[i] })
	return nil
}

// score sets the score of every node for the key.
func (p *python) score(scores []uint64, key string) {
	digest := p.method.Integer(p.opts, key)
	drawEach(scores, func(i int) mt.Seed { return absXor(digest, p.nodes[i]) })
	for i := range scores {
		scores[i] <<= 1
	}
}

// absXor returns the absolute value of n XOR a, with n in two's complement of
// unlimited width, as in Python. Only the two low words change.
func absXor(n prf.Integer, a uint64) mt.Seed {
	low := uint64(n.Abs[1])<<32 | uint64(n.Abs[0])
	if n.Negative {
		// -x is ^(x-1), so -x^a is ^((x-1)^a), which is -(((x-1)^a)+1). A
		// negative digest has 64 bits and a has 63, so this cannot overflow.
		low = ((low - 1) ^ a) + 1
	} else {
		low ^= a
	}
	n.Abs[0], n.Abs[1] = uint32(low), uint32(low>>32)
	return n.Abs
}

// drawEach sets draws[i] to the first draw after seed(i).
func drawEach(draws []uint64, seed func(i int) mt.Seed) {
	var seeds [mt.Lanes]mt.Seed
	for i := 0; i < len(draws); i += mt.Lanes {
		for lane := range seeds {
			// Lanes beyond the last node repeat it: a seed of another length
			// would need a seeding of its own.
			seeds[lane] = seed(min(i+lane, len(draws)-1))
		}
		first := mt.Firsts(&seeds)
		copy(draws[i:], first[:])
	}
}
