package answer

import (
	"context"
	"io"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// Selection says whose owners to write, and how many of each.
type Selection struct {
	Keys   []string
	Stream bool // keys come from standard input
	Null   bool // and end in NUL
	Count  int
	Expect string
	Spread place.Spreader // nil if zones do not count
}

// Answer writes the owners of all keys.
func (s *Selection) Answer(ctx context.Context, std *term.Streams, p *place.Placement, out *Output) error {
	check := &expectation{want: s.Expect, nodes: Views(p.Nodes, false)}
	if err := s.answerAll(ctx, std, p, out.newWriter(out, p), check); err != nil {
		return err
	}
	return check.result()
}

func (s *Selection) answerAll(ctx context.Context, std *term.Streams, p *place.Placement, w *writer, check *expectation) error {
	newOwners := func() *owners {
		return &owners{ranking: p.Ranking, count: s.Count, spread: s.Spread, record: w.newRecord(), separator: w.separator, endings: w.endings, check: check}
	}
	if !s.Stream {
		return answerArguments(newOwners(), s.Keys, w.frame, std.Out)
	}
	b := batch{source: "standard input", delimiter: '\n', frame: w.frame, newWorker: func() worker { return newOwners().quick() }}
	if s.Null {
		b.delimiter = 0
	}
	return b.run(ctx, std.In, std.Out)
}

// answerArguments writes the owners of a few keys.
func answerArguments(w *owners, keys []string, f frame, out io.Writer) (err error) {
	var records []byte
	for _, key := range keys {
		if records, err = w.one(records, key); err != nil {
			return err
		}
	}
	framed := framer{out: out, frame: f}
	if err := framed.write(records); err != nil {
		return err
	}
	return framed.close()
}
