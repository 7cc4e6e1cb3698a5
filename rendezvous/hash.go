package rendezvous

import "github.com/proxenos/proxenos/internal/hash"

// HashOptions are what some named hashes take beside the key. The zero value
// is what the Python original uses by default.
type HashOptions struct {
	// Seed seeds mmh3_32, mmh3_64 and mmh3_128; the others ignore it. A
	// negative seed is the uint32 with the same bits.
	Seed int32

	// X86 makes mmh3_64 and mmh3_128 the variant of MurmurHash3 that was made
	// for 32-bit machines. It is another function, not another speed: by
	// default the x64 variant is computed on every machine.
	X86 bool

	// Key is the key of siphash. Nil is the published default key, which
	// protects nobody from keys chosen to land on one node.
	Key *[16]byte
}

// Hash returns a hash function by name, for Config.Hash. The names are those
// of HashNames in upper or lower case, and mmh_32, mmh_64 and mmh_128.
//
// The functions give 64 bits, which decide who owns a key and never change:
//
//	md5 sha1 sha224 sha256 sha384 sha512   the first eight bytes, big-endian
//	mmh3_32                                the 32 bits, in the low half
//	mmh3_64                                the first word of mmh3_128
//	mmh3_128                               its two words, exclusive or
//	siphash                                the result
//
// They neither copy their argument nor allocate, and are safe for any number
// of goroutines. Only siphash under a secret key withstands somebody who
// chooses keys to overload a node. The error quotes an unknown name, lists the
// valid ones and guesses which was meant.
func Hash(name string, opts HashOptions) (func(string) uint64, error) {
	method, err := hash.Parse(name)
	if err != nil {
		return nil, err
	}
	return method.Func(hash.Options(opts)), nil
}

// HashNames returns the names that Hash knows, siphash, the default, last.
func HashNames() []string { return hash.Names() }
