package exact

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/vectors"
)

// fraction is the k-th value of the grid that weighted scores use.
func fraction(k uint64) float64 { return (float64(k) + 0.5) / (1 << 52) }

// TestLogOfVectors compares bits with those of another implementation.
func TestLogOfVectors(t *testing.T) {
	t.Parallel()
	for _, row := range vectors.Open(t, "rendezvous/logarithm.txt").Rows {
		want := binary.BigEndian.Uint64(row.Hex("minus_ln_hex"))
		assert.Equal(t, want, math.Float64bits(-Log(fraction(row.Uint64("raw")>>12))), row)
	}
}

func TestLogOfKnownValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ x, want float64 }{
		{1, 0},
		{math.E, 1},
		{2, math.Ln2},
		{0.5, -math.Ln2},
		{0x1p-1022, -1022 * math.Ln2},
		{math.SmallestNonzeroFloat64, -1074 * math.Ln2},
		{math.MaxFloat64, 1024 * math.Ln2},
	} {
		t.Run(fmt.Sprint(tt.x), func(t *testing.T) {
			assert.InDelta(t, tt.want, Log(tt.x), 1e-15*math.Abs(tt.want))
		})
	}
}

// TestLogErrorIsBelowOneUnit compares with the series summed to 200 bits.
func TestLogErrorIsBelowOneUnit(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	worst, samples := 0.0, 20_000
	if testing.Short() {
		samples = 1000
	}
	for range samples {
		x := fraction(rng.Uint64() >> 12 >> rng.UintN(50))
		if rng.UintN(2) == 0 {
			x = 1 - x
		}
		worst = max(worst, unitsOff(Log(x), bigLog(x)))
	}
	t.Logf("largest error: %.3f units in the last place", worst)
	assert.Less(t, worst, 1.0)
}

// TestLogIsStrictlyMonotone: equal weights rank like raw scores because
// neighbors on the grid are at least two units in the last place apart and every
// error is below one.
func TestLogIsStrictlyMonotone(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	check := func(k uint64) {
		if a, b := Log(fraction(k)), Log(fraction(k+1)); !(a < b) {
			require.Failf(t, "not monotone", "k=%d: %v, %v", k, a, b)
		}
	}
	for range 2_000_000 {
		check(rng.Uint64() >> 12 >> rng.UintN(52) % (1<<52 - 1))
	}
	for e := range 52 { // across every power of two and every change of exponent
		for _, edge := range []float64{math.Pow(2, float64(e)), math.Sqrt2 * math.Pow(2, float64(e))} {
			for d := -50.0; d < 50; d++ {
				if k := edge + d; k >= 0 && k < 1<<52-2 {
					check(uint64(k))
				}
			}
		}
	}
	for d := range uint64(1000) {
		check(1<<52 - 2 - d)
	}
}

// TestLogHasTheSameBitsEverywhere pins the digest of a million logarithms. It also
// runs on other processors.
func TestLogHasTheSameBitsEverywhere(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 6))
	sum := fnv.New64a()
	for range 1_000_000 {
		bits := math.Float64bits(Log(fraction(rng.Uint64() >> 12)))
		_, err := fmt.Fprintf(sum, "%016x", bits)
		require.NoError(t, err)
	}
	assert.Equal(t, uint64(0xf6de311e192b1a42), sum.Sum64())
}

func BenchmarkLog(b *testing.B) {
	rng := rand.New(rand.NewPCG(7, 8))
	xs := make([]float64, 1<<16)
	for i := range xs {
		xs[i] = fraction(rng.Uint64() >> 12)
	}
	sum := 0.0
	for i := range b.N {
		sum += Log(xs[i%len(xs)])
	}
	require.Less(b, sum, 0.0)
}

// unitsOff is the distance of got from want in units of got's last place.
func unitsOff(got float64, want *big.Float) float64 {
	unit := math.Nextafter(math.Abs(got), math.Inf(1)) - math.Abs(got)
	diff := new(big.Float).SetPrec(200).Sub(big.NewFloat(got).SetPrec(200), want)
	off, _ := diff.Float64()
	return math.Abs(off) / unit
}

// bigLog sums 2 artanh((x-1)/(x+1)) for x scaled to near 1 by powers of 2, whose
// logarithm comes from the same series.
func bigLog(x float64) *big.Float {
	m, e := math.Frexp(x)
	sum := artanhTwice(m)
	ln2 := artanhTwice(2)
	return sum.Add(sum, ln2.Mul(ln2, big.NewFloat(float64(e)).SetPrec(200)))
}

func artanhTwice(x float64) *big.Float {
	number := func(v float64) *big.Float { return big.NewFloat(v).SetPrec(200) }
	s := number(x)
	s.Quo(new(big.Float).SetPrec(200).Sub(number(x), number(1)), new(big.Float).SetPrec(200).Add(number(x), number(1)))
	square := new(big.Float).SetPrec(200).Mul(s, s)
	power, sum := new(big.Float).SetPrec(200).Set(s), number(0)
	for n := 1; n < 140; n += 2 {
		sum.Add(sum, new(big.Float).SetPrec(200).Quo(power, number(float64(n))))
		power.Mul(power, square)
	}
	return sum.Mul(sum, number(2))
}
