package term

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Fraction is a flag that takes a part of a whole: 12% or 0.12. Whether it was
// given counts, as 0 is a limit like any other.
type Fraction struct {
	Value float64
	Given bool
}

// parseFraction takes a fraction as it is typed. A number above 1 without a
// sign is refused, as 12 is sooner a slip than twelve times everything.
func parseFraction(typed string) (float64, error) {
	digits, isPercent := strings.CutSuffix(strings.TrimSpace(typed), "%")
	x, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if isPercent {
		x /= 100
	}
	switch {
	case err != nil || math.IsNaN(x):
		return 0, fmt.Errorf("%q is no fraction: want a percentage like 12%% or a number from 0 to 1", typed)
	case x < 0:
		return 0, fmt.Errorf("%q is below 0", typed)
	case x > 1 && !isPercent:
		return 0, fmt.Errorf("%q is more than everything: did you mean %s%%?", typed, digits)
	case x > 1:
		return 0, fmt.Errorf("%q is more than everything", typed)
	}
	return x, nil
}

// String, Set and Type make it a flag.
func (f *Fraction) String() string {
	if !f.Given {
		return ""
	}
	return Percent(f.Value)
}
func (f *Fraction) Type() string { return "percent" }
func (f *Fraction) Set(typed string) (err error) {
	f.Value, err = parseFraction(typed)
	f.Given = err == nil
	return err
}
