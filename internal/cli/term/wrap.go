package term

import "strings"

// sourceWidth is the least width to which help texts are filled in the source. A
// line that had room for the next word within it ends on purpose.
const sourceWidth = 72

// fill fills the paragraphs of a help text to a width. Indented lines and lines
// with columns stay as they are, unless they are too long.
func fill(text string, width int) string {
	var b strings.Builder
	paragraph := ""
	flush := func() {
		if paragraph != "" {
			wrap(&b, paragraph, width)
		}
		paragraph = ""
	}
	last := ""
	for line := range strings.SplitSeq(text, "\n") {
		word, _, _ := strings.Cut(line, " ")
		switch fixed := line == "" || line[0] == ' ' || strings.Contains(line, "  "); {
		case fixed:
			flush()
			wrap(&b, line, width)
		case paragraph != "" && len(last)+1+len(word) > sourceWidth:
			paragraph += " " + line
		default:
			flush()
			paragraph = line
		}
		last = line
	}
	flush()
	return strings.TrimSuffix(b.String(), "\n")
}

// wrap writes a line, broken at blanks. What follows is indented like the last
// column of the line.
func wrap(b *strings.Builder, line string, width int) {
	indent := len(line) - len(strings.TrimLeft(line, " "))
	if gap := strings.LastIndex(line, "  "); gap > indent {
		indent = gap + 2
	}
	for len(line) > width {
		cut := strings.LastIndexByte(line[:width+1], ' ')
		if cut <= indent {
			break // a word wider than the line
		}
		b.WriteString(strings.TrimRight(line[:cut], " ") + "\n")
		line = strings.Repeat(" ", indent) + line[cut+1:]
	}
	b.WriteString(line + "\n")
}
