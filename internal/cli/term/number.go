package term

import (
	"fmt"
	"strconv"
)

// Percent writes a fraction as a percentage of three decimals.
func Percent(fraction float64) string { return fmt.Sprintf("%.3f%%", 100*fraction) }

// Number writes a number in as few digits as say it exactly.
func Number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
