package figures

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/proxenos/proxenos/internal/checkfile"
	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/report"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/static"
)

// checker goes through the checks of a file.
type checker struct {
	std       *term.Streams
	folder    *checkFolder
	file      *checkfile.File
	placement place.Flags
	keys      answer.Keys
	nodes     []mapper.Node
	placed    *place.Placement // nil if there is nobody to choose
}

// newChecker finds the nodes and places keys on them as the file says.
func (o *checkOptions) newChecker(ctx context.Context, room *checkFolder) (*checker, error) {
	k := &checker{std: o.std, folder: room, file: room.file}
	var err error
	settings := place.Settings{Algorithm: room.file.Algorithm, Hash: room.file.Hash, Points: room.file.Points, TableBits: room.file.TableBits}
	if err = k.placement.Apply(settings, o.std); err != nil {
		return nil, fileFault(room.name, err)
	}
	k.keys = answer.Keys{Sample: room.file.Sample, File: room.file.Keys}
	if k.keys.Sample == 0 {
		k.keys.Sample = answer.DefaultSample
	}
	if k.keys.File != "" {
		k.keys.Opener = func(path string) (*os.File, error) { return room.open(path, "keys") }
	}
	if k.nodes, err = o.nodes(ctx, room); err != nil {
		return nil, err
	}
	if place.AnyEligible(k.nodes) {
		k.placed, err = k.placement.Build(k.nodes)
	}
	return k, err
}

// nodes returns those that the flags name with --live, and otherwise those of
// the file.
func (o *checkOptions) nodes(ctx context.Context, room *checkFolder) ([]mapper.Node, error) {
	from := room.file.Nodes
	switch {
	case o.live:
		f, err := o.source.Ask(ctx, o.std)
		if err != nil {
			return nil, err
		}
		return f.Nodes, nil
	case from.Inline != nil:
		list, err := static.Flags(from.Inline)
		if err != nil {
			return nil, fileFault(room.name, err)
		}
		return list.Nodes(ctx)
	case from.File != "":
		list, err := room.list(from.File)
		if err != nil {
			return nil, err
		}
		return list.Nodes(ctx)
	default:
		return nil, term.Hint(fmt.Errorf("%s: it names no nodes", room.name), "nodes: FILE, or --live to ask a source")
	}
}

// update records the present owner of every pin.
func (k *checker) update() error {
	if k.placed == nil {
		return k.nobody()
	}
	recorded, err := k.file.Record(k.folder.data, func(key string) string {
		i, _ := k.placed.Select(key) // there is somebody
		return k.nodes[i].ID()
	})
	if err != nil {
		return err
	}
	return term.RewriteFile(k.folder.path, recorded)
}

func (k *checker) nobody() error {
	return term.WithCode(term.ErrNoNodes, fmt.Errorf("nobody to choose: none of %d nodes can be given a key", len(k.nodes)))
}

// checkAll goes through all checks. An error is about the file; what is not so
// is in the results.
func (k *checker) checkAll(ctx context.Context) (*report.Suite, error) {
	s := &report.Suite{File: k.folder.name}
	for _, c := range k.file.Checks {
		began := time.Now()
		r := &result{Result: report.Result{Name: term.Escape(c.Name), Line: c.Line}}
		if err := k.check(ctx, &c, r); err != nil {
			return nil, err
		}
		r.Elapsed = time.Since(began)
		s.Checks = append(s.Checks, r.Result)
	}
	return s, nil
}
