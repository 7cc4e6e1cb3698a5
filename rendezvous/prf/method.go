package prf

import (
	"crypto/fips140"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Method is one of the named functions. The zero value is SipHash, the default;
// values out of range behave like it.
type Method int

// The methods. Murmur methods take a seed, SipHash takes a key.
const (
	SipHash Method = iota // SipHash-2-4 (Aumasson and Bernstein, 2012)
	MD5                   // RFC 1321
	SHA1                  // FIPS 180-4, as are the next four
	SHA224
	SHA256
	SHA384
	SHA512
	MMH32  // MurmurHash3_x86_32 (Appleby, 2011)
	MMH64  // the first half of MMH128
	MMH128 // MurmurHash3_x64_128, or MurmurHash3_x86_128 with Options.X86
)

// names holds the name of each method, in the order of the constants.
var names = []string{"siphash", "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "mmh3_32", "mmh3_64", "mmh3_128"}

// String returns the name of the method, which [Parse] accepts.
func (m Method) String() string {
	if m < 0 || int(m) >= len(names) {
		return SipHash.String()
	}
	return names[m]
}

// Methods returns every method in the order of the Python original. The default
// comes last.
func Methods() []Method {
	return []Method{MD5, SHA1, SHA224, SHA256, SHA384, SHA512, MMH32, MMH64, MMH128, SipHash}
}

// Names returns the names of all methods, in the order of [Methods].
func Names() []string {
	var all []string
	for _, m := range Methods() {
		all = append(all, m.String())
	}
	return all
}

// Parse returns the method with the given name, in upper or lower case. The
// murmur methods may also be spelled mmh_32, mmh_64 and mmh_128. For an unknown
// name the error lists the valid names and suggests one that is close; for a
// method that [Method.Permitted] refuses it wraps [ErrFIPS].
func Parse(name string) (Method, error) {
	lower := strings.ToLower(name)
	if bits, ok := strings.CutPrefix(lower, "mmh_"); ok {
		lower = "mmh3_" + bits
	}
	if i := slices.Index(names, lower); i >= 0 {
		return Method(i), Method(i).Permitted()
	}
	list := strings.Join(Names(), ", ")
	if near := nearest(name); near != "" {
		return 0, fmt.Errorf("unknown hash method %.40q: did you mean %s? (one of %s)", name, near, list)
	}
	return 0, fmt.Errorf("unknown hash method %.40q: use one of %s", name, list)
}

// ErrFIPS reports that MD5 or SHA-1 is not available because the process runs
// under GODEBUG=fips140=only, where the standard library panics when they are
// used.
var ErrFIPS = errors.New("not allowed under GODEBUG=fips140=only")

// Permitted returns an error that wraps [ErrFIPS] if this process must not use
// the method.
func (m Method) Permitted() error { return m.permitted(fips140.Enforced()) }

func (m Method) permitted(onlyFIPS bool) error {
	if onlyFIPS && (m == MD5 || m == SHA1) {
		return fmt.Errorf("hash method %v: %w", m, ErrFIPS)
	}
	return nil
}
