package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/textio"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/transforms/stats"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/figures"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
)

func init() {
	register.DoFn2x1[int64, func(string), error](&sampleFn{})
	register.DoFn3x1[string, func(int64, int64), func(int, string), error](&ownersFn{})
	register.Function2x1(countLine)
	register.Function2x0(emptyShard)
	register.DoFn3x1[context.Context, int, func(*string) bool, error](&writeFn{})
	register.Emitter1[string]()
	register.Emitter2[int64, int64]()
	register.Emitter2[int, string]()
	register.Iter1[string]()
}

// The file of counts has a line for each pair of owners, by their indexes, and the
// mark, which is written although no key may have owners.
const (
	countsLine = "%d %d %d"
	countsMark = "counts of proxenos-beam v1"
)

// buildPipeline builds the pipeline: keys to pairs of owners, to counts of pairs, to
// the file of counts; and keys that move to the shards of the list of moves.
func buildPipeline(s beam.Scope, work string, keys beam.PCollection, counts string, shards []string) {
	pairs, moves := beam.ParDo2(s.Scope("owners"), &ownersFn{Work: work, Shards: len(shards)}, keys)
	lines := beam.ParDo(s.Scope("count"), countLine, stats.SumPerKey(s.Scope("count"), pairs))
	textio.Write(s.Scope("counts"), counts, beam.Flatten(s, lines, beam.Create(s, countsMark)))
	if len(shards) == 0 {
		return
	}
	numbers := make([]int, len(shards))
	for i := range numbers {
		numbers[i] = i
	}
	s = s.Scope("moves")
	// Every shard is written, so that none is left from an earlier run.
	empty := beam.ParDo(s, emptyShard, beam.CreateList(s, numbers))
	beam.ParDo0(s, &writeFn{Work: work, Files: shards}, beam.GroupByKey(s, beam.Flatten(s, moves, empty)))
}

// keysOf returns the lines of the files of keys, or the keys of the sample.
func keysOf(s beam.Scope, keys *answer.Keys) beam.PCollection {
	s = s.Scope("keys")
	if !keys.Sampled() {
		return textio.Read(s, keys.File)
	}
	const most = 1000 // ranges
	size := max(10_000, (keys.Sample+most-1)/most)
	var firsts []int64
	for first := int64(0); first < keys.Sample; first += size {
		firsts = append(firsts, first)
	}
	ranges := beam.Reshuffle(s, beam.CreateList(s, firsts))
	return beam.ParDo(s, &sampleFn{First: keys.First, Keys: keys.Sample, Size: size}, ranges)
}

// sampleFn emits the keys of a range of the sample.
type sampleFn struct{ First, Keys, Size int64 }

// ProcessElement emits Size keys, or those that are left.
func (f *sampleFn) ProcessElement(at int64, emit func(string)) error {
	var key []byte
	for i := at; i < min(at+f.Size, f.Keys); i++ {
		key = compare.AppendSampleKey(key[:0], f.First+i)
		emit(string(key))
	}
	return nil
}

// ownersFn finds the owners of keys before and after the change.
type ownersFn struct {
	Work   string // a figures.Work
	Shards int    // of the list of moves; 0 if there is none

	worker *figures.Worker
}

// Setup builds the placements.
func (f *ownersFn) Setup() (err error) {
	f.worker, err = newWorker(f.Work)
	return err
}

// ProcessElement emits the pair of owners of a key with its weight, and a line for the
// list of moves with the number of its shard.
func (f *ownersFn) ProcessElement(line string, emitPair func(int64, int64), emitMove func(int, string)) error {
	key, from, to, weight, ok, err := f.worker.Owners(strings.TrimSuffix(line, "\r"))
	if err != nil || !ok {
		return err
	}
	emitPair(int64(from)<<32|int64(to), weight)
	if f.Shards > 0 && f.worker.Moves(from, to) {
		h := fnv.New32a()
		io.WriteString(h, key) //nolint:errcheck // a hash takes all bytes
		emitMove(int(h.Sum32()%uint32(f.Shards)), f.worker.Move(key, from, to))
	}
	return nil
}

func newWorker(text string) (*figures.Worker, error) {
	var w figures.Work
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		return nil, err
	}
	return w.NewWorker(&term.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Getenv: os.Getenv})
}

// countLine returns the line of a pair.
func countLine(pair, keys int64) string {
	return fmt.Sprintf(countsLine, pair>>32, pair&(1<<32-1), keys)
}

// emptyShard emits nothing for the list of moves, but makes its shard.
func emptyShard(shard int, emit func(int, string)) { emit(shard, "") }

// writeFn writes a shard of the list of moves. Written twice, it is the same file.
type writeFn struct {
	Work  string
	Files []string
}

// ProcessElement writes the lines of a shard, which end in newlines.
func (f *writeFn) ProcessElement(ctx context.Context, shard int, lines func(*string) bool) (err error) {
	worker, err := newWorker(f.Work)
	if err != nil {
		return err
	}
	fs, err := filesystem.New(ctx, f.Files[shard])
	if err != nil {
		return err
	}
	defer fs.Close() //nolint:errcheck // the file has been closed
	file, err := fs.OpenWrite(ctx, f.Files[shard])
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	w.WriteString(worker.MovesHeader()) //nolint:errcheck // Flush returns the first error
	for line := ""; lines(&line); {
		w.WriteString(line) //nolint:errcheck // Flush returns the first error
	}
	if err := w.Flush(); err != nil {
		file.Close() //nolint:errcheck // the first error counts
		return err
	}
	return file.Close()
}

// shardsOf returns the names of n shards of a file: moves.csv becomes
// moves-00000-of-00016.csv and so on. No file has no shards.
func shardsOf(file string, n int) []string {
	if file == "" {
		return nil
	}
	ext := path.Ext(file)
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%05d-of-%05d%s", strings.TrimSuffix(file, ext), i, n, ext)
	}
	return names
}
