package answer

import (
	"github.com/proxenos/proxenos/internal/cli/place"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// textRecord writes records as text. The text of every node is prepared once, so
// that a record only copies bytes.
type textRecord struct {
	terminal bool     // escape all control characters
	suffixes []string // by node: a tab and the node's text
}

func textWriter(o *Output, p *place.Placement) *writer {
	r := &textRecord{terminal: o.Terminal}
	for _, v := range Views(p.Nodes, true) {
		r.suffixes = append(r.suffixes, "\t"+v.Address)
	}
	switch {
	case !o.Many:
		return &writer{newRecord: func() record { return r.nodes }}
	case o.Terminal:
		return &writer{newRecord: func() record { return r.line }}
	default:
		return pasted(p, frame{}, func() record { return r.line }, term.NeedsNoEscape)
	}
}

// nodes appends the owners without the key, one per line.
func (r *textRecord) nodes(dst []byte, _ string, owners []int) ([]byte, error) {
	for _, i := range owners {
		dst = append(append(dst, r.suffixes[i][1:]...), '\n')
	}
	return dst, nil
}

// line appends key<TAB>node[<TAB>node…].
func (r *textRecord) line(dst []byte, key string, owners []int) ([]byte, error) {
	if r.terminal {
		dst = term.AppendPrintable(dst, key)
	} else {
		dst = term.AppendLine(dst, key)
	}
	for _, i := range owners {
		dst = append(dst, r.suffixes[i]...)
	}
	return append(dst, '\n'), nil
}
