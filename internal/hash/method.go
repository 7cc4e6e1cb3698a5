package hash

import (
	"crypto/fips140"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Method is one of the named hash functions. The zero value is the default,
// SipHash-2-4. Out of range it behaves as the default does.
type Method int

// The methods. Murmur methods take a seed, SipHash takes a key.
const (
	Sip  Method = iota // SipHash-2-4 (Aumasson and Bernstein, 2012)
	MD5                // RFC 1321
	SHA1               // FIPS 180-4, as are the next four
	SHA224
	SHA256
	SHA384
	SHA512
	MMH32  // MurmurHash3_x86_32 (Appleby, 2011)
	MMH64  // the first half of MMH128
	MMH128 // MurmurHash3_x64_128, or MurmurHash3_x86_128 if Options say so
)

// names holds the name of each method, in the order of the constants.
var names = []string{"siphash", "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "mmh3_32", "mmh3_64", "mmh3_128"}

// String returns the name of the method, as Parse takes it.
func (m Method) String() string {
	if m < 0 || int(m) >= len(names) {
		return Sip.String()
	}
	return names[m]
}

// Methods returns every method in the order of the Python original, which
// ends with its default.
func Methods() []Method {
	return []Method{MD5, SHA1, SHA224, SHA256, SHA384, SHA512, MMH32, MMH64, MMH128, Sip}
}

// Names returns the names of Methods.
func Names() []string {
	var all []string
	for _, m := range Methods() {
		all = append(all, m.String())
	}
	return all
}

// Parse returns the method with the given name in upper or lower case. The
// murmur methods may also be spelled mmh_32, mmh_64 and mmh_128. The error
// quotes what was given and lists the valid names, or wraps ErrFIPS.
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

// ErrFIPS refuses MD5 and SHA-1 where only FIPS 140 cryptography is allowed: the
// standard library would panic in the middle of a lookup.
var ErrFIPS = errors.New("not allowed under GODEBUG=fips140=only")

// Permitted returns an error that wraps ErrFIPS if this process may not use the
// method.
func (m Method) Permitted() error { return m.permitted(fips140.Enforced()) }

func (m Method) permitted(onlyFIPS bool) error {
	if onlyFIPS && (m == MD5 || m == SHA1) {
		return fmt.Errorf("hash method %v: %w", m, ErrFIPS)
	}
	return nil
}
