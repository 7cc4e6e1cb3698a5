package cli

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/compare"
)

// keysOptions say which keys figures are about: those of a file, of which the
// figures are exact, or a sample of all keys there could be.
type keysOptions struct {
	file   string
	sample int64
	nul    bool
	opener func(path string) (*os.File, error) // nil is os.Open
}

const defaultSample = 1_000_000

func (o *keysOptions) bind(c *cobra.Command) {
	addGroup(c, "Keys", func(fs *pflag.FlagSet) {
		fs.Int64Var(&o.sample, "sample", defaultSample, "how many keys to draw; the same in every run")
		fs.StringVar(&o.file, "keys", "", "a `file` of your own keys instead, one a line; - is standard input")
		fs.BoolVarP(&o.nul, "null", "0", false, "keys of the file end in NUL, not in a newline")
	})
}

func (o *keysOptions) parse(c *cobra.Command) error {
	switch {
	case o.file != "" && c.Flags().Changed("sample"):
		return withHint(usagef("--keys %q and --sample exclude one another", o.file), "a sample stands for keys that are not known")
	case o.sample < 1:
		return usagef("--sample %d: at least one key is needed", o.sample)
	case o.nul && o.file == "":
		return withHint(usagef("-0 is about the keys of a file"), "give --keys FILE")
	}
	return nil
}

// sampled reports whether the keys stand for others, so that what they show
// has an error.
func (o *keysOptions) sampled() bool { return o.file == "" }

// name is what errors call the keys.
func (o *keysOptions) name() string {
	switch o.file {
	case "":
		return "the sample"
	case "-":
		return "standard input"
	default:
		return o.file
	}
}

// open returns the keys and their size in bytes, or 0 if that is not known.
func (o *keysOptions) open(std *streams) (keys io.ReadCloser, size int64, err error) {
	switch {
	case o.file == "":
		return io.NopCloser(compare.NewSample(o.sample)), compare.SampleSize(o.sample), nil
	case o.file == "-" && o.opener == nil:
		return io.NopCloser(std.In), 0, nil
	}
	open := o.opener
	if open == nil {
		open = openKeys
	}
	f, err := open(o.file)
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
		return nil, withHint(err, "--keys names a file of keys, one a line")
	}
	return f, nil
}

// keyCounter is the worker of every command that counts: it hands each key to
// a function, which may append what is to be written about it.
type keyCounter struct {
	count    func(dst []byte, key string) []byte
	progress *progress
}

func (w *keyCounter) answer(dst, keys []byte, delimiter byte) ([]byte, error) {
	var key string
	counted := int64(0)
	for len(keys) > 0 {
		key, keys = nextKey(keys, delimiter)
		dst = w.count(dst, key)
		counted++
	}
	w.progress.keys.Add(counted)
	return dst, nil
}

// each counts every key on all processors and writes to out what the counters
// append, in the order of the keys. newCount is called once for every
// goroutine that counts; all have ended when each returns without an error.
func (o *keysOptions) each(ctx context.Context, std *streams, what string, newCount func() func([]byte, string) []byte, e *encoding, out io.Writer) error {
	keys, size, err := o.open(std)
	if err != nil {
		return err
	}
	defer keys.Close() //nolint:errcheck // it was only read
	p := newProgress(std, what, size)
	defer p.start()()
	b := batch{source: o.name(), delimiter: '\n', encoding: e, newWorker: func() worker { return &keyCounter{newCount(), p} }}
	if o.nul {
		b.delimiter = 0
	}
	return b.run(ctx, p.reader(keys), out)
}
