package vectors

import (
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const head = "system: s\nalgorithm: a\nsource: o\nscenario: c\n"

func TestParse(t *testing.T) {
	t.Parallel()
	f, err := parse("x.txt", head+`# a comment: not a key
server: 10.0.0.1 80 2
server: 10.0.0.2 80 1
later-addition: ignored
columns: key owner order digest raw_hex

"touch\u00e9"	1	1 0	340282366920938463463374607431768211456	00ff
"\t"	-	""	-5	""
`)
	require.NoError(t, err)
	f.tb = t

	assert.Equal(t, "s", f.Header("system"))
	assert.Equal(t, []string{"10.0.0.1 80 2", "10.0.0.2 80 1"}, f.All("server"))
	assert.Equal(t, [][]string{{"10.0.0.1", "80", "2"}, {"10.0.0.2", "80", "1"}}, f.Fields("server", 3))
	_, ok := f.Lookup("# a comment")
	assert.False(t, ok, "a comment is not a header line")

	require.Len(t, f.Rows, 2)
	first, second := f.Rows[0], f.Rows[1]
	assert.Equal(t, "x.txt:11", first.String())
	assert.Equal(t, "touché", first.Text("key"))
	assert.Equal(t, 1, first.Int("owner"))
	assert.Equal(t, uint64(1), first.Uint64("owner"))
	assert.Equal(t, []int{1, 0}, first.Ints("order"))
	assert.Equal(t, new(big.Int).Lsh(big.NewInt(1), 128), first.Big("digest"))
	assert.Equal(t, []byte{0, 0xff}, first.Hex("raw_hex"))
	assert.False(t, first.None("owner"))
	assert.Equal(t, "\t", second.Text("key"))
	assert.True(t, second.None("owner"))
	assert.Empty(t, second.Ints("order"))
	assert.Equal(t, big.NewInt(-5), second.Big("digest"))
	assert.Empty(t, second.Hex("raw_hex"))
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"an empty file", "", "x.txt: no rows after the header"},
		{"a header alone", head + "columns: a\n\n", "x.txt: no rows after the header"},
		{"a header without a colon", "system\n", `x.txt:1: want a header line like "key: value", got "system"`},
		{"a header line without a key", ": v\n", `x.txt:1: want a header line like "key: value", got ": v"`},
		{"a missing header line", "system: s\ncolumns: a\n\n1\n", `x.txt:3: the header lacks "algorithm"`},
		{"no columns", head + "\n1\n", `x.txt:5: the header lacks "columns"`},
		{"too few fields", head + "columns: a b\n\n1\n", "x.txt:7: got 1 fields, want 2: [a b]"},
		{"an empty line among the rows", head + "columns: a\n\n1\n\n2\n", `x.txt:8: column "a": empty field`},
		{"a broken string", head + "columns: a\n\n\"x\n", `x.txt:7: column "a": "x is not a JSON string`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse("x.txt", c.text)
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.want)
		})
	}
}

// failing is a test that records the message of its failure.
type failing struct {
	testing.TB
	message string
}

func (f *failing) Helper() {}

func (f *failing) Fatalf(format string, args ...any) {
	f.message = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// failure returns the message with which f fails its test.
func failure(f func(tb testing.TB)) string {
	tb, done := &failing{}, make(chan struct{})
	go func() {
		defer close(done)
		f(tb)
	}()
	<-done
	return tb.message
}

func TestAccessFails(t *testing.T) {
	t.Parallel()
	file, err := parse("x.txt", head+"server: a 1\ncolumns: n t\n\n-\tword\n")
	require.NoError(t, err)
	row := file.Rows[0]
	for _, c := range []struct {
		name string
		get  func()
		want string
	}{
		{"unknown header", func() { file.Header("mode") }, `x.txt: no header line "mode"`},
		{"unknown list", func() { file.Fields("mode", 1) }, `x.txt: no header line "mode"`},
		{"field count", func() { file.Fields("server", 3) }, `x.txt: header line "server": got 2 fields in "a 1", want 3`},
		{"unknown column", func() { row.Text("x") }, `x.txt:8: no column "x" among [n t]`},
		{"no value", func() { row.Text("n") }, `x.txt:8: column "n": got no value, want one`},
		{"not an int", func() { row.Int("t") }, `x.txt:8: column "t": got "word", want an integer`},
		{"not ints", func() { row.Ints("t") }, `x.txt:8: column "t": got "word", want an integer`},
		{"not a uint64", func() { row.Uint64("t") }, `x.txt:8: column "t": got "word", want a number from 0 to 2^64-1`},
		{"not a big integer", func() { row.Big("t") }, `x.txt:8: column "t": got "word", want an integer`},
		{"not hexadecimal", func() { row.Hex("t") }, `x.txt:8: column "t": want bytes in hexadecimal`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := failure(func(tb testing.TB) {
				file.tb = tb
				c.get()
			})
			assert.Contains(t, got, c.want)
		})
	}
}

func TestNothingFoundFails(t *testing.T) {
	assert.Equal(t, "vectors: no file matches testdata/continuum/none-*.txt",
		failure(func(tb testing.TB) { Glob(tb, "continuum/none-*.txt") }))
	assert.Contains(t, failure(func(tb testing.TB) { Glob(tb, "[") }), "syntax error")
	assert.Contains(t, failure(func(tb testing.TB) { Open(tb, "continuum/none.txt") }), "none.txt")

	t.Chdir(t.TempDir())
	assert.Contains(t, failure(func(tb testing.TB) { Glob(tb, "*") }), "no directory above")
}

// TestEveryFile reads all files, so that a malformed file is found even if no
// other test reads it, and a file with an unknown extension is not ignored.
func TestEveryFile(t *testing.T) {
	t.Parallel()
	root := testdata(t)
	dirs, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, dir := range dirs {
		if !dir.IsDir() {
			continue
		}
		assert.NotEmpty(t, Glob(t, dir.Name()+"/*.txt"))
		files, err := os.ReadDir(filepath.Join(root, dir.Name()))
		require.NoError(t, err)
		for _, file := range files {
			extension := filepath.Ext(file.Name())
			assert.Contains(t, []string{".txt", ".py"}, extension, "%s/%s is neither vectors nor their generator", dir.Name(), file.Name())
		}
	}
	for _, dir := range []string{"continuum", "hash_ring", "ketama", "nginx", "proxenos", "thrift"} {
		assert.DirExists(t, filepath.Join(root, dir))
	}
}

func TestRunMatchesGlob(t *testing.T) {
	t.Parallel()
	var want, got []string
	for _, f := range Glob(t, "nginx/*.txt") {
		want = append(want, f.Path)
	}
	Run(t, "nginx/*.txt", func(t *testing.T, f *File) {
		assert.Same(t, t, f.tb, "a failure is one of the subtest")
		got = append(got, f.Path)
	})
	assert.Equal(t, want, got)
}

func TestOpenFromSubdirectory(t *testing.T) {
	want := Open(t, "nginx/lookup-two.txt").Header("scenario")
	deep := filepath.Join("..", "..", "..", "testdata", "nginx")
	require.DirExists(t, deep)
	t.Chdir(deep)
	assert.Equal(t, want, Open(t, "nginx/lookup-two.txt").Header("scenario"))
}

func TestLargestNumber(t *testing.T) {
	t.Parallel()
	f, err := parse("x.txt", head+"columns: n\n\n18446744073709551615\n")
	require.NoError(t, err)
	f.tb = t
	assert.Equal(t, uint64(math.MaxUint64), f.Rows[0].Uint64("n"))
}

func FuzzParse(f *testing.F) {
	data, err := os.ReadFile(filepath.Join(testdata(f), "nginx", "lookup-two.txt"))
	require.NoError(f, err)
	f.Add(string(data))
	f.Add(head + "columns: a\n\n-\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := parse("x.txt", text)
		if err != nil {
			return
		}
		if len(file.Rows) == 0 || len(file.Columns) == 0 {
			t.Fatalf("parse accepted a file without content: %q", text)
		}
	})
}
