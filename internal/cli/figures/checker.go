package figures

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/proxenos/proxenos/internal/checkfile"
	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/report"
	"github.com/proxenos/proxenos/mapper"
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
	maxWork   int64
	work      float64 // so far, and that of measuring the keys of all checks
}

// newChecker finds the nodes and builds the placement of a check file.
func (o *checkOptions) newChecker(ctx context.Context, folder *checkFolder) (*checker, error) {
	k := &checker{std: o.std, folder: folder, file: folder.file, maxWork: o.maxWork}
	var err error
	k.placement.Confined = folder.openSetting
	if err = k.placement.Apply(place.Settings(folder.file.Settings), o.std); err != nil {
		return nil, fileFault(folder.name, err)
	}
	if err = k.placement.SetLevels(folder.file.Levels); err != nil {
		return nil, fileFault(folder.name, err)
	}
	k.keys = answer.Keys{Sample: folder.file.Sample, File: folder.file.Keys, Weighted: folder.file.KeyWeights}
	if k.keys.Sample == 0 {
		k.keys.Sample = answer.DefaultSample
	}
	if k.keys.File != "" {
		k.keys.Opener = func(path string) (*os.File, error) { return folder.open(path, "keys") }
	}
	if k.nodes, err = o.nodes(ctx, folder, &k.placement); err != nil {
		return nil, err
	}
	if k.nodes, err = k.placement.Zoned(k.nodes); err != nil {
		return nil, fileFault(folder.name, err)
	}
	if !o.update {
		if err = k.checkWork(); err != nil {
			return nil, err
		}
	}
	if !place.AnyEligible(k.nodes) {
		return k, nil
	}
	if k.placed, err = k.placement.Build(k.nodes); err != nil {
		return nil, fmt.Errorf("%s: %w", folder.name, err)
	}
	for _, w := range k.placed.Warnings() {
		k.std.Warn("%s: %s", folder.name, w)
	}
	return k, nil
}

// nodes returns the nodes of the flags with --live, and otherwise those of the
// file, or of its slots.
func (o *checkOptions) nodes(ctx context.Context, folder *checkFolder, placement *place.Flags) ([]mapper.Node, error) {
	if o.live {
		f, err := o.source.Ask(ctx, o.std)
		if err != nil {
			return nil, err
		}
		return f.Nodes, nil
	}
	if from := folder.file.Nodes; from.File == "" && from.Inline == nil {
		if nodes := placement.Nodes(); len(nodes) > 0 {
			return o.source.Weigh(ctx, nodes, o.std)
		}
		return nil, term.Hint(fmt.Errorf("%s: no nodes", folder.name), "add nodes: FILE, or query a source with --live")
	}
	nodes, err := folder.nodes(ctx, folder.file.Nodes)
	if err != nil {
		return nil, err
	}
	return o.source.Weigh(ctx, nodes, o.std)
}

// update records the current owners of every pin, and the checksum.
func (k *checker) update() error {
	if k.placed == nil {
		return k.noNodes()
	}
	recorded, err := k.file.Record(k.folder.data, k.owners, k.placed.ChecksumText())
	if err != nil {
		return err
	}
	return term.WriteState("--update", k.folder.path, recorded)
}

// owners returns the IDs of the first n nodes of a key, best first.
func (k *checker) owners(key string, n int) []string {
	var ids []string
	for _, i := range k.placed.SelectN(nil, key, n) {
		ids = append(ids, k.nodes[i].ID())
	}
	return ids
}

// noNodes returns the error for nodes of which none is eligible.
func (k *checker) noNodes() error {
	return term.WithCode(term.ErrNoNodes, errors.New("no nodes to choose from: every node is drained"))
}

// checkAll runs all checks of the file. The suite holds the failures; an error is about the
// file or a source.
func (k *checker) checkAll(ctx context.Context) (*report.Suite, error) {
	s := &report.Suite{File: k.folder.name}
	for _, c := range k.file.Checks {
		began := time.Now()
		r := &result{Result: report.Result{Name: term.Escape(c.Name), Line: c.Line, Warn: c.Warn}}
		if err := k.check(ctx, &c, r); err != nil {
			return nil, err
		}
		r.Elapsed = time.Since(began)
		s.Checks = append(s.Checks, r.Result)
	}
	return s, nil
}
