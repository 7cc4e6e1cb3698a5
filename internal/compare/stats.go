package compare

import "math"

// The two functions of statistics that are needed are below. They are forty
// lines, and the libraries that have them bring linear algebra along.

// z95 bounds the middle 95 % of the normal distribution.
const z95 = 1.959963984540054

// Wilson returns the 95 % interval of a fraction of which hits of n tries were
// seen (Wilson, "Probable Inference", 1927). Unlike the usual formula it is
// right for fractions near 0 and 1: no hit in n tries may still be a fraction
// of about 3.8/n.
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
// degrees of freedom is x or greater by chance alone: Q(df/2, x/2), where Q is
// the regularised upper incomplete gamma function. It is 1 for no degrees of
// freedom and a finite x. The relative error is below 1e-9 for up to a million degrees.
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

// gammaFactor is y^a e^-y / Gamma(a), which both expansions share.
func gammaFactor(a, y float64) float64 {
	logGamma, _ := math.Lgamma(a)
	return math.Exp(a*math.Log(y) - y - logGamma)
}

// maxTerms bounds both expansions. They take about sqrt(a) terms.
const maxTerms = 1 << 20

// lowerGamma is P(a, y) by its series (Abramowitz and Stegun, 6.5.29):
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

// upperGamma is Q(a, y) by its continued fraction (Abramowitz and Stegun,
// 6.5.31), evaluated from the front as Lentz does.
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
