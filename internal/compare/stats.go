package compare

import "math"

// Wilson and ChiSquareP are implemented here because the libraries that have
// them depend on linear algebra.

// z95 bounds the central 95% of the normal distribution.
const z95 = 1.959963984540054

// Wilson returns the 95% confidence interval of a fraction observed as hits in
// n trials (Wilson, "Probable Inference", 1927). Unlike the normal
// approximation it holds for fractions near 0 and 1: no hit in n trials is
// compatible with a fraction of about 3.8/n.
func Wilson(hits, n int64) Interval {
	if n == 0 {
		return Interval{0, 1}
	}
	p, size := float64(hits)/float64(n), float64(n)
	center := p + z95*z95/(2*size)
	spread := z95 * math.Sqrt(p*(1-p)/size+z95*z95/(4*size*size))
	scale := 1 + z95*z95/size
	i := Interval{max(0, (center-spread)/scale), min(1, (center+spread)/scale)}
	if hits == 0 {
		i.Low = 0
	}
	if hits == n {
		i.High = 1
	}
	return i
}

// ChiSquareP returns the probability that a chi-square statistic with df
// degrees of freedom is at least x: Q(df/2, x/2), where Q is the regularized
// upper incomplete gamma function. It is 1 if df is 0 and x is finite. The
// relative error is below 1e-9 for df up to a million.
func ChiSquareP(x float64, df int) float64 {
	switch {
	case math.IsInf(x, 1):
		return 0
	case df <= 0 || x <= 0:
		return 1
	}
	a, y := float64(df)/2, x/2
	if y < a+1 {
		return 1 - lowerGamma(a, y)
	}
	return upperGamma(a, y)
}

// gammaFactor returns y^a e^-y / Gamma(a), the factor of both expansions.
func gammaFactor(a, y float64) float64 {
	logGamma, _ := math.Lgamma(a)
	return math.Exp(a*math.Log(y) - y - logGamma)
}

// maxTerms bounds both expansions, which converge after about sqrt(a) terms.
const maxTerms = 1 << 20

// lowerGamma returns P(a, y) by its series (Abramowitz and Stegun, 6.5.29):
// the factor times the sum of y^n / (a (a+1) ... (a+n)).
func lowerGamma(a, y float64) float64 {
	term := 1 / a
	sum := term
	for n := 1.0; n < maxTerms && term > sum*1e-16; n++ {
		term *= y / (a + n)
		sum += term
	}
	return min(1, sum*gammaFactor(a, y))
}

// upperGamma returns Q(a, y) by its continued fraction (Abramowitz and Stegun,
// 6.5.31), evaluated by Lentz's method.
func upperGamma(a, y float64) float64 {
	const tiny = 1e-300
	b := y + 1 - a
	c, d := 1/tiny, 1/b
	h := d
	for n := 1.0; n < maxTerms; n++ {
		an := -n * (n - a)
		b += 2
		d = 1 / nonZero(an*d+b, tiny)
		c = nonZero(b+an/c, tiny)
		step := c * d
		h *= step
		if math.Abs(step-1) < 1e-15 {
			break
		}
	}
	return min(1, h*gammaFactor(a, y))
}

func nonZero(x, tiny float64) float64 {
	if math.Abs(x) < tiny {
		return tiny
	}
	return x
}
