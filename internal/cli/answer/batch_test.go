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

// quoter answers a key with the key, quoted, so that a test reads what the
// batch took for one.
type quoter struct{}

func (quoter) answer(dst, keys []byte, delimiter byte) ([]byte, error) {
	var key string
	for len(keys) > 0 {
		key, keys = nextKey(keys, delimiter)
		dst = fmt.Appendf(dst, "%q\n", key)
	}
	return dst, nil
}

func runQuoter(in io.Reader, delimiter byte) (string, error) {
	var out bytes.Buffer
	b := batch{delimiter: delimiter, newWorker: func() worker { return quoter{} }}
	err := b.run(context.Background(), in, &out)
	return out.String(), err
}

func TestKeysOfAStream(t *testing.T) {
	for _, c := range []struct {
		name, in  string
		delimiter byte
		want      string
	}{
		{"no bytes are no keys", "", '\n', ""},
		{"one line", "a\n", '\n', `"a"`},
		{"the last line may lack its end", "a\nb", '\n', `"a" "b"`},
		{"an empty line is the empty key", "\n\n", '\n', `"" ""`},
		{"one line ending is stripped", "a\r\n", '\n', `"a"`},
		{"and not two", "a\r\r\n", '\n', `"a\r"`},
		{"a carriage return alone ends nothing", "a\rb\n", '\n', `"a\rb"`},
		{"nor does it at the very end", "a\r", '\n', `"a\r"`},
		{"an empty line may end in both", "\r\n", '\n', `""`},
		{"blanks belong to the key", " a \n", '\n', `" a "`},
		{"NUL belongs to the key", "a\x00b\n", '\n', `"a\x00b"`},
		{"with -0 NUL ends it and nothing is stripped", "a\r\x00\n\x00", 0, `"a\r" "\n"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for how, in := range map[string]io.Reader{
				"at once":      strings.NewReader(c.in),
				"byte by byte": iotest.OneByteReader(strings.NewReader(c.in)),
				"with its end": iotest.DataErrReader(strings.NewReader(c.in)),
			} {
				got, err := runQuoter(in, c.delimiter)
				require.NoError(t, err)
				assert.Equal(t, c.want, strings.ReplaceAll(strings.TrimSuffix(got, "\n"), "\n", " "), how)
			}
		})
	}
}

// However a stream is cut into reads, the answers are the same.
func FuzzCuts(f *testing.F) {
	f.Add([]byte("a\r\nb\n\nc"), uint8(3))
	f.Fuzz(func(t *testing.T, in []byte, size uint8) {
		whole, err := runQuoter(bytes.NewReader(in), '\n')
		require.NoError(t, err)
		cut, err := runQuoter(&chopped{in, int(size) + 1}, '\n')
		require.NoError(t, err)
		assert.Equal(t, whole, cut)
	})
}

// chopped reads at most size bytes at a time.
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

func TestAnswersComeInOrder(t *testing.T) {
	defer goleak.VerifyNone(t)
	in := seq(200_000)
	got, err := runQuoter(&chopped{in, 1000}, '\n')
	require.NoError(t, err)
	want := strings.ReplaceAll(string(in), "\n", "\"\n\"")
	assert.Equal(t, "\""+strings.TrimSuffix(want, "\""), got)
}

// measurer answers a key with its length.
type measurer struct{}

func (measurer) answer(dst, keys []byte, delimiter byte) ([]byte, error) {
	var key string
	for len(keys) > 0 {
		key, keys = nextKey(keys, delimiter)
		dst = fmt.Appendln(dst, len(key))
	}
	return dst, nil
}

func TestLongKeys(t *testing.T) {
	long := strings.Repeat("k", maxKey)
	b := batch{delimiter: '\n', newWorker: func() worker { return measurer{} }}
	var out bytes.Buffer
	require.NoError(t, b.run(t.Context(), strings.NewReader(long+"\nnext\n"), &out))
	assert.Equal(t, fmt.Sprintf("%d\n4\n", maxKey), out.String())

	out.Reset()
	err := b.run(t.Context(), io.MultiReader(strings.NewReader("first\n"), strings.NewReader(long+long)), &out)
	require.ErrorContains(t, err, "longer than 16 MiB")
	assert.Equal(t, term.ExitUsage, term.ExitCode(err))
	assert.Equal(t, "5\n", out.String(), "the keys before it are answered")
}

func TestStreamsThatBreakOff(t *testing.T) {
	broken := errors.New("the wire was cut")
	got, err := runQuoter(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), '\n')
	require.ErrorIs(t, err, broken)
	assert.Equal(t, term.ExitIO, term.ExitCode(err))
	assert.Equal(t, "\"a\"\n", got, "half a key is none")

	b := batch{delimiter: '\n', newWorker: func() worker { return quoter{} }}
	err = b.run(context.Background(), bytes.NewReader(seq(100_000)), failingWriter{broken})
	require.ErrorIs(t, err, broken)
	assert.Equal(t, term.ExitIO, term.ExitCode(err))
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// A stream that waits for its next key ends with the context.
func TestCancelWhileWaitingForKeys(t *testing.T) {
	in, keys := io.Pipe()
	answered, out := io.Pipe()
	ctx, cancel := context.WithCancelCause(context.Background())
	b := batch{delimiter: '\n', newWorker: func() worker { return quoter{} }}
	ended := make(chan error)
	go func() { ended <- b.run(ctx, in, out) }()
	_, err := io.WriteString(keys, "a\n")
	require.NoError(t, err)
	answer := make([]byte, 4)
	_, err = io.ReadFull(answered, answer)
	require.NoError(t, err)
	assert.Equal(t, "\"a\"\n", string(answer), "the answer does not wait for more keys")
	reason := errors.New("enough")
	cancel(reason)
	require.ErrorIs(t, <-ended, reason)
	require.NoError(t, keys.Close())
}

// Answering a key allocates nothing, whatever the algorithm.
func TestAnsweringAllocatesNothing(t *testing.T) {
	keys := seq(1000)
	for _, a := range place.Algorithms {
		t.Run(a.Name, func(t *testing.T) {
			p := placed(t, a.Name, tenNodes())
			for _, count := range []int{1, 3} {
				o := &Output{Many: true, Count: count}
				e := textWriter(o, p)
				w := (&owners{ranking: p.Ranking, count: count, record: e.newRecord(), endings: e.endings, check: &expectation{}}).quick()
				dst, err := w.answer(nil, keys, '\n')
				require.NoError(t, err)
				alloctest.None(t, func() { dst, _ = w.answer(dst[:0], keys, '\n') })
			}
		})
	}
}

// The worker for the usual case writes what the worker for all cases writes.
func TestQuickAnswersAreTheSame(t *testing.T) {
	for name, keys := range map[string]string{
		"plain":     string(seq(1000)),
		"controls":  "a\tb\nc\r\nd\x1b\ne",
		"empty":     "\n\n\n",
		"no end":    "a\nbc",
		"sizes":     lengths(100),
		"not ASCII": strings.Repeat("\x80\xff\x8a\n\u00e9\u020a\n", 20),
	} {
		t.Run(name, func(t *testing.T) { compareQuick(t, []byte(keys), '\n') })
	}
	t.Run("much room for few", func(t *testing.T) {
		compareQuick(t, bytes.Repeat([]byte{'\n'}, maxRoom/len(longName)+1), '\n')
	})
}

func FuzzQuickAnswers(f *testing.F) {
	f.Add([]byte("a\nb\r\n0123456789abcdef0123456789abcdef\n"), byte('\n'))
	f.Fuzz(compareQuick)
}

// lengths are keys of every length up to n.
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
	e := textWriter(&Output{Many: true, Count: 1}, p)
	w := &owners{ranking: p.Ranking, count: 1, record: e.newRecord(), endings: e.endings, check: &expectation{}}
	require.IsType(t, &firstOwners{}, w.quick())
	want, err := w.answer([]byte("before"), keys, delimiter)
	require.NoError(t, err)
	got, err := w.quick().answer([]byte("before"), keys, delimiter)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
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
