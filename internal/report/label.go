package report

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// The size of names in pictures, as in page.css.
const nameSize = 13.0

// Widths of characters in units of the font size. They are those of DejaVu Sans,
// a wide font, so that names also fit in narrower ones.
const (
	narrow   = 0.42
	medium   = 0.64
	upper    = 0.78
	broad    = 1.0
	ellipsis = "…"
)

// measure returns the width of a name in the pictures.
func measure(name string) (w float64) {
	for _, r := range name {
		w += advance(r)
	}
	return w
}

// advance returns the width of one character. A combining mark has none.
func advance(r rune) float64 {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case strings.ContainsRune("ijlftrI.,:;|!'()[]/- ", r):
		return nameSize * narrow
	case strings.ContainsRune("mwMW@%_", r):
		return nameSize * broad
	case r < 0x80 && !unicode.IsUpper(r):
		return nameSize * medium
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth, width.EastAsianAmbiguous:
		return nameSize * broad
	}
	return nameSize * upper
}

// widest returns the width of the widest name.
func widest(names []string) (w float64) {
	for _, name := range names {
		w = max(w, measure(name))
	}
	return w
}

// labels shortens names to room. Names that fit are unchanged if all fit.
// Otherwise what all have in common at both ends gives way first, and then the
// middle of each.
func labels(names []string, room float64) []string {
	if widest(names) <= room {
		return names
	}
	head, tail := common(names)
	short := make([]string, len(names))
	for i, name := range names {
		core := name[head : len(name)-tail]
		if head > 0 {
			core = ellipsis + core
		}
		if tail > 0 {
			core += ellipsis
		}
		short[i] = cut(core, room)
	}
	return short
}

// common returns the number of bytes that all names share at the start, up to a
// separator, and at the end, from a separator. It leaves no name empty.
func common(names []string) (head, tail int) {
	if len(names) < 2 {
		return 0, 0
	}
	prefix, suffix := names[0], names[0]
	shortest := len(names[0])
	for _, name := range names[1:] {
		for !strings.HasPrefix(name, prefix) {
			prefix = prefix[:len(prefix)-1]
		}
		for !strings.HasSuffix(name, suffix) {
			suffix = suffix[1:]
		}
		shortest = min(shortest, len(name))
	}
	const separators = "-_.:/ "
	head = strings.LastIndexAny(prefix, separators) + 1
	if i := strings.IndexAny(suffix, separators); i >= 0 {
		tail = len(suffix) - i
	}
	// An ellipsis in place of one or two characters saves nothing.
	if head < 3 {
		head = 0
	}
	if tail < 3 {
		tail = 0
	}
	if head+tail >= shortest {
		tail = 0
	}
	if head >= shortest {
		head = 0
	}
	return head, tail
}

// cut takes characters out of the middle of a name until it fits. The start gets
// the smaller half of the room, because names tend to differ at the end.
func cut(name string, room float64) string {
	if measure(name) <= room {
		return name
	}
	runes := []rune(name)
	left := room - advance('…')
	start, end := 0, len(runes)
	for w := 0.0; start < end && w+advance(runes[start]) <= left*0.4; start++ {
		w += advance(runes[start])
	}
	for w := measure(string(runes[:start])); end > start && w+advance(runes[end-1]) <= left; end-- {
		w += advance(runes[end-1])
	}
	for end < len(runes) && advance(runes[end]) == 0 {
		end++ // a mark whose base is cut
	}
	return string(runes[:start]) + ellipsis + strings.TrimPrefix(string(runes[end:]), ellipsis)
}
