package term

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Fraction is a flag for a part of a whole, such as 12% or 0.12. Given tells 0
// apart from a flag that was not set.
type Fraction struct {
	Value float64
	Given bool
}

// parseFraction parses a percentage or a number from 0 to 1. It rejects a number
// above 1 without %, as 12 more likely means 12% than 1200%.
func parseFraction(typed string) (float64, error) {
	digits, isPercent := strings.CutSuffix(strings.TrimSpace(typed), "%")
	x, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if isPercent {
		x /= 100
	}
	switch {
	case err != nil || math.IsNaN(x):
		return 0, errors.New("must be a percentage like 12% or a number from 0 to 1")
	case x < 0:
		return 0, errors.New("must not be below 0")
	case x > 1 && !isPercent:
		return 0, fmt.Errorf("is above 1: did you mean %s%%?", digits)
	case x > 1:
		return 0, errors.New("must be at most 100%")
	}
	return x, nil
}

// String returns the value as a percentage, or the empty string if it is not set.
func (f *Fraction) String() string {
	if !f.Given {
		return ""
	}
	return Percent(f.Value)
}

// Type returns the name of the value in help.
func (f *Fraction) Type() string { return "percent" }

// Set parses a value.
func (f *Fraction) Set(typed string) (err error) {
	f.Value, err = parseFraction(typed)
	f.Given = err == nil
	return err
}

// Limit returns the value, or nil if it is not set.
func (f *Fraction) Limit() *float64 {
	if !f.Given {
		return nil
	}
	return &f.Value
}
