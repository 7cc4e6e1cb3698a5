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

// checker runs the checks of a file.
type checker struct {
	std       *term.Streams
	folder    *checkFolder
	file      *checkfile.File
	placement place.Flags
	keys      answer.Keys
	nodes     []mapper.Node
	placed    *place.Placement // nil if no node is eligible
}

// newChecker finds the nodes and builds the placement of a check file.
func (o *checkOptions) newChecker(ctx context.Context, folder *checkFolder) (*checker, error) {
	k := &checker{std: o.std, folder: folder, file: folder.file}
	var err error
	settings := place.Settings{Algorithm: folder.file.Algorithm, Hash: folder.file.Hash, Points: folder.file.Points, Unit: folder.file.Unit, TableBits: folder.file.TableBits}
	if err = k.placement.Apply(settings, o.std); err != nil {
		return nil, fileFault(folder.name, err)
	}
	k.keys = answer.Keys{Sample: folder.file.Sample, File: folder.file.Keys}
	if k.keys.Sample == 0 {
		k.keys.Sample = answer.DefaultSample
	}
	if k.keys.File != "" {
		k.keys.Opener = func(path string) (*os.File, error) { return folder.open(path, "keys") }
	}
	if k.nodes, err = o.nodes(ctx, folder); err != nil {
		return nil, err
	}
	if !place.AnyEligible(k.nodes) {
		return k, nil
	}
	if k.placed, err = k.placement.Build(k.nodes); err != nil {
		return nil, err
	}
	for _, w := range k.placed.Warnings() {
		k.std.Warn("%s: %s", folder.name, w)
	}
	return k, nil
}

// nodes returns the nodes of the flags with --live, and otherwise those of the
// file.
func (o *checkOptions) nodes(ctx context.Context, folder *checkFolder) ([]mapper.Node, error) {
	from := folder.file.Nodes
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
			return nil, fileFault(folder.name, err)
		}
		return list.Nodes(ctx)
	case from.File != "":
		list, err := folder.list(from.File)
		if err != nil {
			return nil, err
		}
		return list.Nodes(ctx)
	default:
		return nil, term.Hint(fmt.Errorf("%s: no nodes", folder.name), "add nodes: FILE, or query a source with --live")
	}
}

// update records the current owner of every pin.
func (k *checker) update() error {
	if k.placed == nil {
		return k.noNodes()
	}
	recorded, err := k.file.Record(k.folder.data, func(key string) string {
		i, _ := k.placed.Select(key) // a node is eligible
		return k.nodes[i].ID()
	})
	if err != nil {
		return err
	}
	return term.WriteState("--update", k.folder.path, recorded)
}

// noNodes returns the error for nodes of which none is eligible.
func (k *checker) noNodes() error {
	return term.WithCode(term.ErrNoNodes, fmt.Errorf("no nodes to choose from: all of %d nodes are drained", len(k.nodes)))
}

// checkAll runs all checks. The suite holds the failures; an error is about the
// file or a source.
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
