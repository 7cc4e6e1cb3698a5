package term

import (
	"fmt"
	"strconv"
)

// Percent formats a fraction as a percentage with three decimals.
func Percent(fraction float64) string { return fmt.Sprintf("%.3f%%", 100*fraction) }

// Plural formats a number of things, as in "1 node" and "2 nodes".
func Plural[N int | int64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Number formats a number with the fewest digits that represent it exactly.
func Number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
