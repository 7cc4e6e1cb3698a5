package answer

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
)

// Keys holds the flags that choose the keys to measure: the keys of a file, for
// exact figures, or a sample of all possible keys.
type Keys struct {
	File   string
	Sample int64
	First  int64 // the number of the first key of the sample
	// Weighted reports that each key of the file is followed by a tab and its
	// weight, such as its bytes or requests: an integer of at most MaxKeyWeight.
	Weighted bool
	nul      bool
	Opener   func(path string) (*os.File, error) // nil means os.Open
}

// DefaultSample is the default number of sample keys.
const DefaultSample = 1_000_000

// Bind declares the flags on a command.
func (o *Keys) Bind(c *cobra.Command) {
	term.AddGroup(c, "Keys", func(fs *pflag.FlagSet) {
		fs.Int64Var(&o.Sample, "sample", DefaultSample, "number of sample keys; they are the same in every run")
		fs.Int64Var(&o.First, "sample-first", 0, "number of the first sample key, for parts that --merge adds up")
		fs.StringVar(&o.File, "keys", "", "`file` with keys to measure instead of a sample, one per line; - is standard input")
		fs.BoolVarP(&o.nul, "null", "0", false, "keys of the file end in NUL instead of a newline")
	})
}

// BindWeights declares the flag for weights of keys on a command.
func (o *Keys) BindWeights(c *cobra.Command) {
	term.AddGroup(c, "Keys", func(fs *pflag.FlagSet) {
		fs.BoolVar(&o.Weighted, "key-weights", false, "each key of the file is followed by a tab and its weight; figures count weights")
	})
}

// Parse validates the flags.
func (o *Keys) Parse(c *cobra.Command) error {
	switch {
	case o.File != "" && c.Flags().Changed("sample"):
		return term.Hint(term.Usagef("--keys %q and --sample are mutually exclusive", o.File), "give --keys for known keys, --sample otherwise")
	case o.File != "" && c.Flags().Changed("sample-first"):
		return term.Hint(term.Usagef("--keys %q and --sample-first are mutually exclusive", o.File), "divide the file instead")
	case o.Sample < 1:
		return term.Usagef("--sample %d: must be at least 1", o.Sample)
	case o.First < 0 || o.First > math.MaxInt64-o.Sample:
		return term.Usagef("--sample-first %d: must be at least 0", o.First)
	case o.nul && o.File == "":
		return term.Hint(term.Usagef("-0 requires --keys"), "add --keys FILE")
	case o.Weighted && o.File == "":
		return term.Hint(term.Usagef("--key-weights requires --keys"), "add --keys FILE")
	}
	return nil
}

// Sampled reports whether the keys are a sample, so that figures have a sampling
// error.
func (o *Keys) Sampled() bool { return o.File == "" }

// NUL reports whether keys of the file end in NUL instead of a newline.
func (o *Keys) NUL() bool { return o.nul }

// Range returns the range of the sample, or nil for the keys of a file.
func (o *Keys) Range() []compare.SampleRange {
	if !o.Sampled() {
		return nil
	}
	return []compare.SampleRange{{First: o.First, Keys: o.Sample}}
}

// name returns the name of the keys in errors.
func (o *Keys) name() string {
	switch o.File {
	case "":
		return "the sample"
	case "-":
		return "standard input"
	default:
		return o.File
	}
}

// Describe describes the keys for a report.
func (o *Keys) Describe() string {
	if o.Sampled() && o.First > 0 {
		return fmt.Sprintf("%d of the sample from number %d on (%s, …)", o.Sample, o.First, compare.AppendSampleKey(nil, o.First))
	}
	if o.Sampled() {
		return fmt.Sprintf("the first %d of the sample (%s, …)", o.Sample, compare.AppendSampleKey(nil, 0))
	}
	return term.Escape(o.File)
}

// open returns the keys of the file and their size in bytes, or 0 if the size is unknown.
func (o *Keys) open(std *term.Streams) (keys io.ReadCloser, size int64, err error) {
	switch {
	case o.File == "-" && o.Opener == nil:
		return io.NopCloser(std.In), 0, nil
	}
	open := o.Opener
	if open == nil {
		open = openKeys
	}
	f, err := open(o.File)
	if err != nil {
		return nil, 0, err
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	return f, size, nil
}

func openKeys(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, term.Hint(err, "--keys names a file with one key per line")
	}
	return f, nil
}

// MaxKeyWeight is the maximum weight of a key.
const MaxKeyWeight = 1 << 40

// CountKey counts a key weight times, and may append a record to dst.
type CountKey func(dst []byte, key string, weight int64) []byte

// CountBlock counts the keys of a block, and may append records to dst. Key n counts
// weights[n] times, or once if weights is nil.
type CountBlock func(dst []byte, keys []string, weights []int64) []byte

// block returns a function that counts one key after the other.
func (count CountKey) block(dst []byte, keys []string, weights []int64) []byte {
	for n, key := range keys {
		dst = count(dst, key, WeightOf(weights, n))
	}
	return dst
}

// WeightOf returns the weight of key n of a block.
func WeightOf(weights []int64, n int) int64 {
	if weights == nil {
		return 1
	}
	return weights[n]
}

// keyCounter is the worker of commands that count keys.
type keyCounter struct {
	keys     *Keys
	count    CountBlock
	total    *atomic.Int64 // of the weights, of all workers
	progress *term.Progress
	block    block
	weights  []int64
}

// maxTotal is the greatest sum of weights. A float64 holds it exactly.
const maxTotal = 1 << 53

func (w *keyCounter) answer(dst, keys []byte, delimiter byte) (_ []byte, err error) {
	for len(keys) > 0 {
		keys, _ = w.block.cut(keys, delimiter, noBytes)
		if w.keys.Weighted {
			if err := w.cutWeights(); err != nil {
				return dst, err
			}
		}
		dst = w.count(dst, w.block.keys, w.weights)
		w.progress.Add(int64(len(w.block.keys)))
	}
	return dst, nil
}

// cutWeights splits the lines of a block into keys and weights.
func (w *keyCounter) cutWeights() error {
	w.weights = w.weights[:0]
	sum := int64(0) // cannot overflow: a block has few keys
	for n, line := range w.block.keys {
		key, weight, err := CutWeight(w.keys.name(), line)
		if err != nil {
			return err
		}
		sum += weight
		w.block.keys[n], w.weights = key, append(w.weights, weight)
	}
	if w.total.Add(sum) > maxTotal {
		return fmt.Errorf("%s: the sum of the weights is too large", w.keys.name())
	}
	return nil
}

// CutWeight splits a line at its last tab. Errors name where the line comes from.
func CutWeight(name, line string) (key string, weight int64, err error) {
	at := strings.LastIndexByte(line, '\t')
	if at >= 0 {
		weight, err = strconv.ParseInt(line[at+1:], 10, 64)
	}
	if at < 0 || err != nil || weight < 0 || weight > MaxKeyWeight {
		err := fmt.Errorf("%s: %q must end in a tab and a weight, an integer from 0 to %d", name, line, int64(MaxKeyWeight))
		return "", 0, term.Hint(err, "a line is KEY<TAB>WEIGHT, such as the bytes or the requests of the key")
	}
	return line[:at], weight, nil
}

// Each counts every key like [Keys.EachBlock], one after the other.
func (o *Keys) Each(ctx context.Context, std *term.Streams, what string, newCount func() CountKey, head string, out io.Writer) error {
	return o.EachBlock(ctx, std, what, func() CountBlock { return newCount().block }, head, out)
}

// EachBlock counts every key, in a few goroutines, and writes head and the
// appended records to out, in the order of the keys. It calls newCount once per
// goroutine. All goroutines have ended when EachBlock returns without an error.
func (o *Keys) EachBlock(ctx context.Context, std *term.Streams, what string, newCount func() CountBlock, head string, out io.Writer) error {
	if o.Sampled() {
		return o.eachOfSample(ctx, std, what, newCount, head, out)
	}
	keys, size, err := o.open(std)
	if err != nil {
		return err
	}
	defer keys.Close() //nolint:errcheck // it is only read
	p := term.NewProgress(std, what, size)
	defer p.Start()()
	total := new(atomic.Int64)
	b := stream{source: o.name(), delimiter: '\n', frame: frame{head: head}, newWorker: func() worker {
		return &keyCounter{keys: o, count: newCount(), total: total, progress: p}
	}}
	if o.nul {
		b.delimiter = 0
	}
	return b.run(ctx, p.Reader(watchBOM(keys, std)), out)
}

// eachOfSample is EachBlock for a sample.
func (o *Keys) eachOfSample(ctx context.Context, std *term.Streams, what string, newCount func() CountBlock, head string, out io.Writer) error {
	p := term.NewProgress(std, what, compare.SampleSize(o.Sample))
	defer p.Start()()
	s := stream{chunks: &sample{o.First, o.First + o.Sample}, frame: frame{head: head}, newWorker: func() worker {
		return &sampleCounter{count: newCount(), progress: p, keys: compare.NewSampleKeys(blockKeys)}
	}}
	return s.run(ctx, nil, out)
}
