package answer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/testkit/alloctest"
	"github.com/proxenos/proxenos/mapper"
)

// quoter is a worker that writes each key in quotes.
type quoter struct{}

func (quoter) answer(dst, keys []byte, delimiter byte) ([]byte, error) {
	var b block
	for len(keys) > 0 {
		keys, _ = b.cut(keys, delimiter, noBytes)
		for _, key := range b.keys {
			dst = fmt.Appendf(dst, "%q\n", key)
		}
	}
	return dst, nil
}

func runQuoter(in io.Reader, delimiter byte) (string, error) {
	var out bytes.Buffer
	b := stream{delimiter: delimiter, newWorker: func() worker { return quoter{} }}
	err := b.run(context.Background(), in, &out)
	return out.String(), err
}

func TestKeysOfAStream(t *testing.T) {
	for _, c := range []struct {
		name, in  string
		delimiter byte
		want      string
	}{
		{"empty stream", "", '\n', ""},
		{"one line", "a\n", '\n', `"a"`},
		{"last line without newline", "a\nb", '\n', `"a" "b"`},
		{"empty lines are empty keys", "\n\n", '\n', `"" ""`},
		{"CRLF", "a\r\n", '\n', `"a"`},
		{"only one CR is removed", "a\r\r\n", '\n', `"a\r"`},
		{"CR within a line", "a\rb\n", '\n', `"a\rb"`},
		{"CR at the end of the stream", "a\r", '\n', `"a\r"`},
		{"empty line with CRLF", "\r\n", '\n', `""`},
		{"spaces are part of the key", " a \n", '\n', `" a "`},
		{"NUL is part of the key", "a\x00b\n", '\n', `"a\x00b"`},
		{"NUL as delimiter, nothing is removed", "a\r\x00\n\x00", 0, `"a\r" "\n"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for how, in := range map[string]io.Reader{
				"at once":       strings.NewReader(c.in),
				"byte by byte":  iotest.OneByteReader(strings.NewReader(c.in)),
				"EOF with data": iotest.DataErrReader(strings.NewReader(c.in)),
			} {
				got, err := runQuoter(in, c.delimiter)
				require.NoError(t, err)
				assert.Equal(t, c.want, strings.ReplaceAll(strings.TrimSuffix(got, "\n"), "\n", " "), how)
			}
		})
	}
}

// FuzzCuts: the sizes of reads do not change the output.
func FuzzCuts(f *testing.F) {
	for _, in := range []string{"", "\n", "\r\n", "a\r\nb\n\nc", "a\rb\n\r", "no end", "\x00\xff\n\"\\\n", strings.Repeat("k", 300) + "\n"} {
		f.Add([]byte(in), uint8(3))
		f.Add([]byte(in), uint8(0))
	}
	f.Fuzz(func(t *testing.T, in []byte, size uint8) {
		whole, err := runQuoter(bytes.NewReader(in), '\n')
		require.NoError(t, err)
		cut, err := runQuoter(&chopped{in, int(size) + 1}, '\n')
		require.NoError(t, err)
		assert.Equal(t, whole, cut)
	})
}

// chopped reads at most size bytes at once.
type chopped struct {
	rest []byte
	size int
}

func (c *chopped) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, c.rest[:min(c.size, len(c.rest))])
	c.rest = c.rest[n:]
	return n, nil
}

func TestRecordsAreInOrder(t *testing.T) {
	defer goleak.VerifyNone(t)
	in := seq(200_000)
	got, err := runQuoter(&chopped{in, 1000}, '\n')
	require.NoError(t, err)
	want := strings.ReplaceAll(string(in), "\n", "\"\n\"")
	assert.Equal(t, "\""+strings.TrimSuffix(want, "\""), got)
}

// measurer is a worker that writes the length of each key.
type measurer struct{}

func (measurer) answer(dst, keys []byte, delimiter byte) ([]byte, error) {
	var b block
	for len(keys) > 0 {
		keys, _ = b.cut(keys, delimiter, noBytes)
		for _, key := range b.keys {
			dst = fmt.Appendln(dst, len(key))
		}
	}
	return dst, nil
}

func TestLongKeys(t *testing.T) {
	long := strings.Repeat("k", maxKey)
	b := stream{delimiter: '\n', newWorker: func() worker { return measurer{} }}
	var out bytes.Buffer
	require.NoError(t, b.run(t.Context(), strings.NewReader(long+"\nnext\n"), &out))
	assert.Equal(t, fmt.Sprintf("%d\n4\n", maxKey), out.String())

	out.Reset()
	err := b.run(t.Context(), io.MultiReader(strings.NewReader("first\n"), strings.NewReader(long+long)), &out)
	require.ErrorContains(t, err, "longer than 16 MiB")
	assert.Equal(t, term.ExitUsage, term.ExitCode(err))
	assert.Equal(t, "5\n", out.String(), "earlier keys are processed")
}

func TestStreamErrors(t *testing.T) {
	broken := errors.New("broken")
	got, err := runQuoter(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), '\n')
	require.ErrorIs(t, err, broken)
	assert.Equal(t, term.ExitIO, term.ExitCode(err))
	assert.Equal(t, "\"a\"\n", got, "the incomplete key is dropped")

	b := stream{delimiter: '\n', newWorker: func() worker { return quoter{} }}
	err = b.run(context.Background(), bytes.NewReader(seq(100_000)), failingWriter{broken})
	require.ErrorIs(t, err, broken)
	assert.Equal(t, term.ExitIO, term.ExitCode(err))
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// TestCancelWhileWaitingForKeys: the end of the context ends a stream that waits
// for the next key.
func TestCancelWhileWaitingForKeys(t *testing.T) {
	in, keys := io.Pipe()
	answered, out := io.Pipe()
	ctx, cancel := context.WithCancelCause(context.Background())
	b := stream{delimiter: '\n', newWorker: func() worker { return quoter{} }}
	ended := make(chan error)
	go func() { ended <- b.run(ctx, in, out) }()
	_, err := io.WriteString(keys, "a\n")
	require.NoError(t, err)
	answer := make([]byte, 4)
	_, err = io.ReadFull(answered, answer)
	require.NoError(t, err)
	assert.Equal(t, "\"a\"\n", string(answer), "a record does not wait for more keys")
	reason := errors.New("enough")
	cancel(reason)
	require.ErrorIs(t, <-ended, reason)
	require.NoError(t, keys.Close())
}

func TestAnsweringDoesNotAllocate(t *testing.T) {
	keys := seq(1000)
	for _, a := range place.Algorithms {
		if a.NeedsFile() {
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			p := placed(t, a.Name, tenNodes())
			for _, count := range []int{1, 3} {
				o := &Output{Many: true, Count: count}
				e := textWriter(o, p)
				w := e.owners(p, count, nil, &expectation{}).quick()
				dst, err := w.answer(nil, keys, '\n')
				require.NoError(t, err)
				alloctest.None(t, func() { dst, _ = w.answer(dst[:0], keys, '\n') })
			}
		})
	}
}

// TestQuickAnswersAreEqual: firstOwners and owners write the same in every format.
func TestQuickAnswersAreEqual(t *testing.T) {
	for name, keys := range map[string]string{
		"plain":      string(seq(5000)),
		"controls":   "a\tb\nc\r\nd\x1b\ne",
		"JSON":       "a\"b\nc\\d\ne<f>&g\n\u2028\n" + string(seq(1000)),
		"CSV":        "a,b\n c\nd \n\\.\n\"\n",
		"DEL":        "a\x7fb\n",
		"empty":      "\n\n\n",
		"no newline": "a\nbc",
		"sizes":      lengths(100),
		"not ASCII":  strings.Repeat("\x80\xff\x8a\n\u00e9\u020a\n", 20),
		"many empty": strings.Repeat("\n", 5*blockKeys),
	} {
		t.Run(name, func(t *testing.T) { compareQuick(t, []byte(keys), '\n') })
	}
}

func FuzzQuickAnswers(f *testing.F) {
	f.Add([]byte("a\nb\r\n0123456789abcdef0123456789abcdef\n"), false)
	f.Add([]byte("a\x00b\r\n\x00\x000123456789abcdef0123456789abcdef"), true)
	f.Add([]byte("\u00e9\x80\xff\n\t\"quoted\"\n"), false)
	f.Fuzz(func(t *testing.T, keys []byte, zero bool) {
		delimiter := byte('\n')
		if zero {
			delimiter = 0
		}
		compareQuick(t, keys, delimiter)
	})
}

// lengths returns keys of every length below n.
func lengths(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat("k", i) + "\n")
	}
	return b.String()
}

var longName = strings.Repeat("long", 30)

func compareQuick(t *testing.T, keys []byte, delimiter byte) {
	p := placed(t, "rendezvous", append(tenNodes(), mapper.Node{Name: "bare"}, mapper.Node{Name: longName}))
	for _, format := range []string{"text", "json", "jsonl", "csv"} {
		o := &Output{Many: true, Count: 1}
		require.NoError(t, o.Set(format))
		w := o.newWriter(o, p).owners(p, 1, nil, &expectation{})
		require.IsType(t, &firstOwners{}, w.quick())
		want, err := w.answer([]byte("before"), keys, delimiter)
		require.NoError(t, err)
		got, err := w.quick().answer([]byte("before"), keys, delimiter)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), format)
	}
}

// TestBlocksHoldAllKeys: the keys of blocks are those between the delimiters.
func TestBlocksHoldAllKeys(t *testing.T) {
	for name, keys := range map[string]string{
		"none":       "",
		"sizes":      lengths(100),
		"many":       string(seq(3000)),
		"empty":      strings.Repeat("\n", 2*blockKeys+3),
		"no newline": "0123456789\nabc",
		"returns":    "a\r\n\r\n\rb\n\r\r\n01234567\r\n",
		"long":       strings.Repeat("k", 10_000) + "\n" + strings.Repeat("n", 1000),
	} {
		t.Run(name, func(t *testing.T) { compareBlocks(t, []byte(keys), '\n') })
	}
}

func FuzzBlocks(f *testing.F) {
	f.Add([]byte("a\r\n\r\nb\x00\n"), false)
	f.Add([]byte("a\r\n\r\nb\x00\n\x00\x0001234567"), true)
	f.Fuzz(func(t *testing.T, keys []byte, zero bool) {
		delimiter := byte('\n')
		if zero {
			delimiter = 0
		}
		compareBlocks(t, keys, delimiter)
	})
}

func compareBlocks(t *testing.T, data []byte, delimiter byte) {
	var want []string
	for line := range bytes.SplitAfterSeq(data, []byte{delimiter}) {
		if key, ended := bytes.CutSuffix(line, []byte{delimiter}); ended {
			if delimiter == '\n' {
				key = bytes.TrimSuffix(key, []byte{'\r'})
			}
			want = append(want, string(key))
		} else if len(line) > 0 {
			want = append(want, string(line)) // the end of a file removes no \r
		}
	}
	var got []string
	for len(data) > 0 {
		var b block
		rest, _ := b.cut(data, delimiter, noBytes)
		require.Equal(t, string(data), string(b.data)+string(rest))
		require.LessOrEqual(t, len(b.keys), blockKeys)
		require.NotEmpty(t, b.keys)
		got = append(got, b.keys...)
		data = rest
	}
	assert.Equal(t, want, got)
}

// placed places keys on the nodes by an algorithm with its default settings.
func placed(tb testing.TB, algorithm string, nodes []mapper.Node) *place.Placement {
	tb.Helper()
	var flags place.Flags
	require.NoError(tb, flags.Apply(place.Settings{Algorithm: algorithm}, &term.Streams{Getenv: func(string) string { return "" }}))
	p, err := flags.Build(nodes)
	require.NoError(tb, err)
	return p
}
