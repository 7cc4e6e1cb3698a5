package answer

import (
	"cmp"
	"context"
	"io"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// Selection describes the keys whose owners are written.
type Selection struct {
	Keys   []string
	Stream bool           // the keys are on standard input
	Null   bool           // the keys on standard input end in NUL
	Count  int            // the number of owners per key
	Expect string         // the ID or address of the first owner, or ""
	Spread place.Spreader // nil if zones are ignored

	// Follow returns the placement for the next keys of a stream, or an error that
	// ends it. The result is the same pointer until the placement changes. Nil
	// answers all keys from one placement.
	Follow func() (*place.Placement, error)
	// Zones returns the Spread of a placement that Follow returns.
	Zones func(*place.Placement) place.Spreader
}

// Answer writes the owners of all keys. It returns an error if a key's first owner
// is not s.Expect.
func (s *Selection) Answer(ctx context.Context, std *term.Streams, p *place.Placement, out *Output) error {
	check := &expectation{want: s.Expect, nodes: Views(p.Nodes, false)}
	if s.Expect == "" {
		return s.answerAll(ctx, std, out, p, check, std.Out)
	}
	w, unwritten := term.PastErrors(std.Out)
	err := s.answerAll(ctx, std, out, p, check, w)
	return std.Verdict(check.result(), cmp.Or(err, unwritten()))
}

// answerAll writes the owners of all keys to w.
func (s *Selection) answerAll(ctx context.Context, std *term.Streams, output *Output, p *place.Placement, check *expectation, w io.Writer) error {
	records := output.newWriter(output, p)
	newOwners := func() *owners {
		return records.owners(p, s.Count, s.Spread, check)
	}
	if !s.Stream {
		return answerArguments(newOwners(), s.Keys, records.frame, w)
	}
	b := stream{source: "standard input", delimiter: '\n', frame: records.frame, newWorker: func() worker { return newOwners().quick() }}
	if s.Follow != nil {
		b.newWorker = func() worker { return &following{selection: s, output: output} }
	}
	if s.Null {
		b.delimiter = 0
	}
	return b.run(ctx, watchBOM(std.In, std), w)
}

// answerArguments writes the owners of keys that are arguments.
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
