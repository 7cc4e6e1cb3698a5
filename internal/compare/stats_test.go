package compare

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The tail is exp(-x/2) for two degrees of freedom, erfc(sqrt(x/2)) for one, and
// a finite Poisson sum for every even number.
func TestChiSquareAgainstClosedForms(t *testing.T) {
	t.Parallel()
	for _, x := range []float64{1e-6, 0.1, 0.5, 1, 2, 3.84, 10, 25, 100, 400} {
		assert.InEpsilon(t, math.Exp(-x/2), ChiSquareP(x, 2), 1e-12, "two degrees, x = %v", x)
		assert.InEpsilon(t, math.Erfc(math.Sqrt(x/2)), ChiSquareP(x, 1), 1e-11, "one degree, x = %v", x)
		for _, df := range []int{4, 10, 50, 200} {
			assert.InDelta(t, poissonTail(x, df), ChiSquareP(x, df), 1e-12, "%d degrees, x = %v", df, x)
		}
	}
}

// poissonTail returns the tail for an even number of degrees of freedom.
func poissonTail(x float64, df int) float64 {
	term, sum := math.Exp(-x/2), 0.0
	for k := range df / 2 {
		sum += term
		term *= x / 2 / float64(k+1)
	}
	return sum
}

// The expected values are those of the usual textbook table.
func TestChiSquareCriticalValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		df int
		x  float64
		p  float64
	}{
		{1, 3.841458820694124, 0.05},
		{3, 11.344866730144373, 0.01},
		{10, 18.307038053275146, 0.05},
		{99, 123.2252214533618, 0.05},
	} {
		assert.InDelta(t, c.p, ChiSquareP(c.x, c.df), 1e-9, "%d degrees", c.df)
	}
}

// For many degrees of freedom the cube root of x/df is nearly normal (Wilson and
// Hilferty). A truncated expansion fails this test.
func TestChiSquareOfManyDegrees(t *testing.T) {
	t.Parallel()
	for _, df := range []int{1000, 100_000, 1_000_000} {
		for _, z := range []float64{-3, -1, 0, 1, 3} {
			n := float64(df)
			x := n * math.Pow(1-2/(9*n)+z*math.Sqrt(2/(9*n)), 3)
			assert.InDelta(t, math.Erfc(z/math.Sqrt2)/2, ChiSquareP(x, df), 1e-4, "%d degrees, z = %v", df, z)
		}
	}
}

func TestChiSquareAtTheEdges(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 1.0, ChiSquareP(0, 5), "no deviation")
	assert.Equal(t, 1.0, ChiSquareP(3, 0), "a single node cannot deviate")
	assert.Equal(t, 0.0, ChiSquareP(math.Inf(1), 5))
	assert.Equal(t, 0.0, ChiSquareP(1e9, 5), "underflow")
}

func TestWilson(t *testing.T) {
	t.Parallel()
	half := Wilson(500_000, 1_000_000)
	assert.InDelta(t, 0.5-0.00098, half.Low, 1e-6)
	assert.InDelta(t, 0.5+0.00098, half.High, 1e-6)
	none := Wilson(0, 1000)
	assert.Zero(t, none.Low)
	assert.InDelta(t, 3.83/1000, none.High, 1e-5, "z²/(n+z²)")
	assert.Equal(t, 1.0, Wilson(7, 7).High)
	assert.Equal(t, Interval{0, 1}, Wilson(0, 0), "no trials")
}

// The interval covers the true fraction with a probability of about 0.95,
// summed exactly over the binomial distribution.
func TestWilsonCoverage(t *testing.T) {
	t.Parallel()
	const n = 400
	for _, p := range []float64{0.02, 0.1, 0.5, 0.9} {
		covered := 0.0
		for k := range int64(n + 1) {
			if i := Wilson(k, n); i.Low <= p && p <= i.High {
				covered += binomial(n, k, p)
			}
		}
		assert.InDelta(t, 0.95, covered, 0.03, "p = %v", p)
	}
}

func binomial(n, k int64, p float64) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return math.Exp(a - b - c + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
}

func TestBinomialSumsToOne(t *testing.T) {
	t.Parallel()
	sum := 0.0
	for k := range int64(401) {
		sum += binomial(400, k, 0.3)
	}
	require.InDelta(t, 1, sum, 1e-9)
}
