package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/figures"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// pipelineOptions are the options of diff that proxenos diff lacks.
type pipelineOptions struct {
	counts string
	shards int
}

// newDiff returns the command diff of proxenos, with keys that a pipeline counts.
func newDiff(std *term.Streams) *cobra.Command {
	var o pipelineOptions
	c := figures.NewDiffBy(std, o.count)
	c.Short = "Show which keys move when the nodes change, by a Beam pipeline"
	term.AddGroup(c, "Pipeline (flags after -- are those of Beam)", func(fs *pflag.FlagSet) {
		fs.StringVar(&o.counts, "counts", "", "a `file` that the workers write and this program reads; by default a temporary one, if the runner is on this machine")
		fs.IntVar(&o.shards, "shards", 16, "number of files of --moves-out")
	})
	return c
}

// count runs the pipeline, and calls add for each pair of owners.
func (o *pipelineOptions) count(ctx context.Context, w *figures.Work, keys *answer.Keys, add func(from, to int, keys int64)) error {
	if err := o.check(ctx, w, keys); err != nil {
		return err
	}
	counts := o.counts
	if counts == "" {
		dir, err := os.MkdirTemp("", "proxenos-beam-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir) //nolint:errcheck // what is left over is harmless
		counts = filepath.Join(dir, "counts")
	}
	text, err := json.Marshal(w)
	if err != nil {
		return err
	}
	p, s := beam.NewPipelineWithRoot()
	buildPipeline(s, string(text), keysOf(s, keys), counts, shardsOf(w.Moves, o.shards))
	if err := beamx.Run(ctx, p); err != nil {
		return term.WithCode(term.ErrIO, fmt.Errorf("the pipeline failed: %w", err))
	}
	return term.WithCode(term.ErrIO, readCounts(ctx, counts, add))
}

// check refuses what a pipeline cannot do.
func (o *pipelineOptions) check(ctx context.Context, w *figures.Work, keys *answer.Keys) error {
	local := slices.Contains([]string{"", "prism", "PrismRunner", "direct", "DirectRunner"}, *runners.Runner)
	switch {
	case keys.File == "-":
		return term.Hint(term.Usagef("--keys -: workers cannot read standard input"), "put the keys in files, and name them by a pattern")
	case keys.NUL():
		return term.Hint(term.Usagef("-0: a pipeline reads lines"), "write keys that end in a newline")
	case w.Moves == "-":
		return term.Hint(term.Usagef("--moves-out -: workers cannot write standard output"), "name a file; its shards get numbers")
	case o.shards < 1 || o.shards > 100_000:
		return term.Usagef("--shards %d: must be from 1 to 100000", o.shards)
	case o.counts == "" && !local:
		return term.Hint(term.Usagef("the runner %s needs --counts", *runners.Runner), "name a file that its workers and this program can reach, such as gs://BUCKET/counts")
	case *jobopts.Async:
		return term.Hint(term.Usagef("--async: the figures are known when the pipeline has ended"), "omit it")
	}
	for flag, path := range map[string]string{"--keys": keys.File, "--counts": o.counts, "--moves-out": w.Moves} {
		if err := checkScheme(ctx, flag, path); err != nil {
			return err
		}
	}
	return checkKeys(ctx, keys.File)
}

// checkScheme refuses a path that Beam cannot reach. Beam would panic.
func checkScheme(ctx context.Context, flag, path string) error {
	if path == "" || !strings.Contains(path, "://") {
		return nil
	}
	fs, err := filesystem.New(ctx, path)
	if err != nil {
		return term.Hint(term.Usagef("%s %s: %v", flag, path, err), "proxenos-beam reads local files and gs://")
	}
	return fs.Close()
}

// checkKeys refuses a pattern that matches no file, which Beam takes for no keys.
func checkKeys(ctx context.Context, pattern string) error {
	if pattern == "" {
		return nil
	}
	fs, err := filesystem.New(ctx, pattern)
	if err != nil {
		return err
	}
	defer fs.Close() //nolint:errcheck // only read
	files, err := fs.List(ctx, pattern)
	if err == nil && len(files) == 0 {
		err = errors.New("no file matches")
	}
	if err != nil {
		return term.Hint(term.WithCode(term.ErrIO, fmt.Errorf("--keys %s: %w", pattern, err)), "--keys names files with one key per line; * and ? are patterns")
	}
	return nil
}

// readCounts reads the counts that the pipeline has written.
func readCounts(ctx context.Context, path string, add func(from, to int, keys int64)) error {
	fs, err := filesystem.New(ctx, path)
	if err != nil {
		return err
	}
	defer fs.Close() //nolint:errcheck // only read
	f, err := fs.OpenRead(ctx, path)
	if err != nil {
		return fmt.Errorf("reading the counts: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	complete := false
	for lines := bufio.NewScanner(f); ; {
		if !lines.Scan() {
			if err = lines.Err(); err == nil && !complete {
				err = errors.New("it is not the file of a pipeline that has ended")
			}
			break
		}
		if lines.Text() == countsMark {
			complete = true
			continue
		}
		var from, to int
		var keys int64
		if _, err = fmt.Sscanf(lines.Text(), countsLine, &from, &to, &keys); err != nil {
			break
		}
		add(from, to, keys)
	}
	if err != nil {
		return fmt.Errorf("reading the counts in %s: %w", path, err)
	}
	return nil
}
