// Package exact computes logarithms that have the same bits on every CPU.
//
// math.Log is assembly on some processors, and on others the compiler fuses its
// multiplications with its additions, so its last bit differs between machines.
// Where a logarithm decides which node owns a key, all machines must agree.
package exact

import "math"

// ln2 in two parts. The first has 32 zero bits at its end, so that its product
// with an exponent is exact.
const (
	ln2Hi = 0x1.62e42feep-1
	ln2Lo = math.Ln2 - ln2Hi
)

// Log returns the natural logarithm of x, which must be positive and finite.
//
// The error is below one unit in the last place. The result depends only on x:
// every product is rounded by an explicit conversion, which the language forbids
// to fuse.
//
// With x = 2^e (1+f) and s = f/(2+f), ln(1+f) is twice the area hyperbolic
// tangent of s, which is the series 2(s + s^3/3 + s^5/5 + ...). Because |s| is
// below 0.172, eleven terms reach beyond the last bit. The leading 2s is computed
// as f - sf, which loses less because f is exact.
func Log(x float64) float64 {
	k, m := split(x)
	f := m - 1
	s := f / (2 + f)
	half := float64(0.5 * float64(f*f))
	rest := float64(s*(half+series(s))) + float64(k*ln2Lo)
	return float64(k*ln2Hi) - ((half - rest) - f)
}

// split returns k and m with x = m 2^k and m from 0.707 to 1.414.
func split(x float64) (k, m float64) {
	const (
		half   = 0x3fe6a09e00000000 // the bits of about the square root of 1/2
		digits = 52
	)
	if x < 0x1p-1022 { // subnormal
		k, m = split(x * (1 << digits))
		return k - digits, m
	}
	bits := math.Float64bits(x)
	e := int64(bits-half) >> digits
	return float64(e), math.Float64frombits(bits - uint64(e)<<digits)
}

// series returns 2(s^2/3 + s^4/5 + ... + s^22/23). It sums even and odd terms
// separately, so that a processor can overlap them.
func series(s float64) float64 {
	z := float64(s * s)
	w := float64(z * z)
	odd := 2.0 / 23
	even := 2.0 / 21
	odd = 2.0/19 + float64(w*odd)
	even = 2.0/17 + float64(w*even)
	odd = 2.0/15 + float64(w*odd)
	even = 2.0/13 + float64(w*even)
	odd = 2.0/11 + float64(w*odd)
	even = 2.0/9 + float64(w*even)
	odd = 2.0/7 + float64(w*odd)
	even = 2.0/5 + float64(w*even)
	odd = 2.0/3 + float64(w*odd)
	return float64(z*odd) + float64(w*even)
}
