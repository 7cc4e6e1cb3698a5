package figures

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/mapper"
)

// Work is what a diff counts, as text for processes on other machines.
type Work struct {
	Before, After *place.Recipe
	Weighted      bool   // each key is followed by a tab and its weight
	Moves         string // the file for the keys that move, whose extension is their format; "" for none
}

// Counter counts the keys of a diff elsewhere than in the process of the command: it
// calls count once for each pair of owners, given by their indexes in the nodes of
// Before and After, with the number of keys that have them.
type Counter func(ctx context.Context, w *Work, keys *answer.Keys, count func(from, to int, keys int64)) error

// NewDiffBy returns the command diff with keys that count counts.
func NewDiffBy(std *term.Streams, count Counter) *cobra.Command { return newDiff(std, count) }

// countElsewhere measures the movement by the Counter.
func (o *diffOptions) countElsewhere(ctx context.Context, before, after *place.Placement) (*compare.Movement, error) {
	w := &Work{Weighted: o.keys.Weighted, Moves: o.movesOut}
	flags, err := o.sides.settings.Of(&o.placement, o.std)
	if err != nil {
		return nil, err
	}
	if w.Before, err = flags.Recipe(before, o.std); err != nil {
		return nil, err
	}
	if w.After, err = o.placement.Recipe(after, o.std); err != nil {
		return nil, err
	}
	change := compare.NewChange(sideOf(before), sideOf(after))
	tally := change.NewTally()
	err = o.counter(ctx, w, &o.keys, func(from, to int, keys int64) { tally.Count(from, to, keys) })
	change.Gather(tally)
	return change.Movement(), err
}

// Worker finds the owners of keys for a [Work]. It belongs to one goroutine.
type Worker struct {
	pair     *place.Pair
	weighted bool
	before   []mapper.Node
	after    []mapper.Node
	list     *moves
	record   moveRecorder
	one      [1]string
}

// NewWorker builds both sides.
func (w *Work) NewWorker(std *term.Streams) (*Worker, error) {
	before, err := w.Before.Build(std)
	if err != nil {
		return nil, err
	}
	after, err := w.After.Build(std)
	if err != nil {
		return nil, err
	}
	worker := &Worker{pair: place.NewPair(before, after), before: before.Nodes, after: after.Nodes, weighted: w.Weighted}
	if w.Moves != "" {
		worker.list = newMoves(w.Moves, before.Nodes, after.Nodes)
		worker.record = worker.list.recorder()
	}
	return worker, nil
}

// Owners returns the key of a line, its owners by index, and its weight. It reports ok
// as false for a key that has no owner on a side, which does not count.
func (w *Worker) Owners(line string) (key string, from, to int, weight int64, ok bool, err error) {
	key, weight = line, 1
	if w.weighted {
		if key, weight, err = answer.CutWeight("--keys", line); err != nil {
			return "", 0, 0, 0, false, err
		}
	}
	w.one[0] = key
	froms, tos := w.pair.Select(w.one[:])
	return key, froms[0], tos[0], weight, froms[0] >= 0 && tos[0] >= 0, nil
}

// Move returns the line of a key that moves in the list of moves, with its newline.
func (w *Worker) Move(key string, from, to int) string { return string(w.record(nil, key, from, to)) }

// MovesHeader returns the first line of the list of moves, or "".
func (w *Worker) MovesHeader() string { return w.list.head() }

// Moves reports whether a key with these owners moves: whether their IDs differ.
func (w *Worker) Moves(from, to int) bool { return w.before[from].ID() != w.after[to].ID() }
