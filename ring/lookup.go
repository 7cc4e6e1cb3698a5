package ring

import (
	"fmt"
	"strings"
)

// lookup is the rule that finds the point of a key position.
type lookup uint8

const (
	atOrAfter lookup = iota
	after
	nearest
	noWrap
)

// keep is which points of those at one position stay.
type keep uint8

const (
	keepAll keep = iota
	keepFirst
	keepLast
)

// lookupNames are the lookups in the order of their constants.
var lookupNames = []string{"at-or-after", "after", "nearest", "no-wrap"}

func parseLookup(text string) (lookup, keep, error) {
	name, kept := text, keepAll
	if stem, ok := strings.CutSuffix(text, "-first"); ok {
		name, kept = stem, keepFirst
	} else if stem, ok := strings.CutSuffix(text, "-last"); ok {
		name, kept = stem, keepLast
	}
	for i, known := range lookupNames {
		if known == name {
			return lookup(i), kept, nil
		}
	}
	return 0, 0, fmt.Errorf("lookup %q is not one of %s: %w", text, strings.Join(lookupNames, ", "), ErrLayout)
}
