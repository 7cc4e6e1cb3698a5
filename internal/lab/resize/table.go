package resize

import (
	"fmt"
	"slices"
	"strings"
)

// enough is the hit rate at which a cache counts as warm again.
const enough = 0.99

// Table returns what the curves say as a Markdown table; the fleet is resized in
// a second, and a client reads a number of keys in each.
func Table(curves []Curve, resized, reads int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| client | least hit rate | reads of the database | seconds below %.0f%% |\n|---|---|---|---|\n", 100*enough)
	for _, c := range curves {
		misses, cold := 0.0, 0
		for _, rate := range c.Rates[resized:] {
			misses += (1 - rate) * float64(reads)
			if rate < enough {
				cold++
			}
		}
		fmt.Fprintf(&b, "| %s | %.1f%% | %.0f | %d |\n", c.Name, 100*slices.Min(c.Rates), misses, cold)
	}
	return b.String()
}
