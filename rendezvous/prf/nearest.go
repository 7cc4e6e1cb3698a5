package prf

import "strings"

// nearest returns the closest name, or "" if none is close or several are
// equally close.
func nearest(given string) string {
	if len(given) > 40 {
		return ""
	}
	given = skeleton(given)
	best, near := 3, "" // at most two edits, and one for every three letters
	for _, name := range Names() {
		want := skeleton(name)
		switch d := distance(given, want); {
		case 3*d > len(want):
		case d < best:
			best, near = d, name
		case d == best:
			near = ""
		}
	}
	return near
}

// skeleton removes punctuation and case, and unifies the spellings of murmur.
func skeleton(name string) string {
	name = strings.NewReplacer("-", "", "_", "", " ", "", "/", "").Replace(strings.ToLower(name))
	return strings.NewReplacer("murmurhash3", "mmh3", "murmur3", "mmh3", "murmur", "mmh3").Replace(name)
}

// distance returns the Levenshtein distance between a and b in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
