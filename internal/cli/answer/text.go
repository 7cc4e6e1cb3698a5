package answer

import (
	"github.com/proxenos/proxenos/internal/cli/place"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// textEncoder writes owners for people and for cut, awk and xargs. The text
// of every node is made once, so a record is two or three copies of memory.
type textEncoder struct {
	one      bool     // one key was given: its owners alone, one a line
	terminal bool     // escape whatever a terminal might obey
	suffixes []string // what follows a key: a tab and the node's text
}

func newTextEncoding(o *Output, p *place.Placement) *Encoding {
	e := &textEncoder{one: !o.Many, terminal: o.Terminal}
	for _, v := range Views(p.Nodes, true) {
		e.suffixes = append(e.suffixes, "\t"+v.Address)
	}
	return &Encoding{newEncoder: func() encoder { return e }}
}

// encode appends key<TAB>node[<TAB>node…], or for a single key its nodes.
func (e *textEncoder) encode(dst []byte, key string, owners []int) ([]byte, error) {
	if e.one {
		for _, i := range owners {
			dst = append(append(dst, e.suffixes[i][1:]...), '\n')
		}
		return dst, nil
	}
	if e.terminal {
		dst = term.AppendPrintable(dst, key)
	} else {
		dst = term.AppendLine(dst, key)
	}
	for _, i := range owners {
		dst = append(dst, e.suffixes[i]...)
	}
	return append(dst, '\n'), nil
}

// endings returns what follows a key that has one owner.
func (e *textEncoder) endings() []string {
	endings := make([]string, len(e.suffixes))
	for i, s := range e.suffixes {
		endings[i] = s + "\n"
	}
	return endings
}
