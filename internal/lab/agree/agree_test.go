package agree

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	stats "github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/internal/testkit/vectors"
	"github.com/proxenos/proxenos/mapper"
)

// setup is one column of answers of a program.
type setup struct {
	file    *vectors.File
	column  string
	hash    string // as --key-hash names it, "" for none
	program string // the program that gave the answers, with its version and settings
	servers []server
}

// server is a server of a set-up: in the order of the program's configuration.
type server struct{ name, address, weight string }

// label is the name, or the address of a server without one.
func (s server) label() string {
	if s.name != "-" {
		return s.name
	}
	return s.address
}

// setups returns the set-ups whose answers are from a program, named as in the
// vectors.
func setups(t *testing.T, program string) (all []setup) {
	t.Helper()
	for _, f := range vectors.Glob(t, "programs/*.txt") {
		var servers []server
		for _, fields := range f.Fields("server", 3) {
			servers = append(servers, server{fields[0], fields[1], fields[2]})
		}
		for _, line := range f.All("answers") {
			fields := strings.SplitN(line, " ", 3)
			require.Len(t, fields, 3, line)
			if strings.HasPrefix(fields[2], program) {
				all = append(all, setup{f, fields[0], strings.TrimPrefix(fields[1], "-"), fields[2], servers})
			}
		}
	}
	require.NotEmpty(t, all, "no vectors of %s", program)
	return all
}

// name names the set-up in messages.
func (s setup) name() string { return s.file.Path + " " + s.column }

// keys returns the keys of the vectors and the further ones.
func (s setup) keys() (keys []string) {
	for _, row := range s.file.Rows {
		keys = append(keys, row.Text("key"))
	}
	return append(keys, furtherKeys...)
}

// furtherKeys are keys that no vector has.
var furtherKeys = func() (keys []string) {
	for i := range 100 {
		keys = append(keys, string(stats.AppendSampleKey(nil, int64(i))), fmt.Sprintf("further:%d", i))
	}
	return keys
}()

// placement returns the function that finds the index of the owner of a key, as
// proxenos does with -a and the name in the header of the vectors.
func (s setup) placement(t *testing.T) func(key string) (int, bool) {
	t.Helper()
	settings := place.Settings{Algorithm: s.file.Header("algorithm"), KeyHash: s.hash}
	ids := s.file.All("id")
	if len(ids) > 0 {
		settings.HashBy = "id"
	}
	var nodes []mapper.Node
	for i, server := range s.servers {
		weight, err := strconv.ParseFloat(server.weight, 64)
		require.NoError(t, err)
		n := mapper.Node{Name: server.label(), Weight: weight}
		if len(ids) > 0 {
			n.Name = ids[i]
		}
		nodes = append(nodes, n)
	}
	lookup, err := settings.Lookup(nodes, &term.Streams{Err: io.Discard, Getenv: func(string) string { return "" }})
	require.NoError(t, err, s.name())
	return lookup
}

// index returns the index of the server with a label.
func (s setup) index(t *testing.T, label string) int {
	t.Helper()
	i := slices.IndexFunc(s.servers, func(s server) bool { return s.label() == label || s.address == label })
	require.GreaterOrEqual(t, i, 0, "%s has no server %q", s.name(), label)
	return i
}

// labels returns the labels of all servers.
func (s setup) labels() (labels []string) {
	for _, server := range s.servers {
		labels = append(labels, server.label())
	}
	return labels
}

// result is a line of the table.
type result struct {
	program, test       string
	setups, keys, right int
}

var (
	results   []result
	resultsMu sync.Mutex
)

// compare compares the answers of a program, named with the version that runs,
// with all its vectors, and those for further keys with what proxenos answers.
func compare(t *testing.T, program string, all []setup, owner func(s setup, key string) int) {
	t.Helper()
	r := result{program: program, test: t.Name(), setups: len(all)}
	for _, s := range all {
		right := 0
		for _, row := range s.file.Rows {
			if owner(s, row.Text("key")) == row.Int(s.column) {
				right++
			}
		}
		assert.Equal(t, len(s.file.Rows), right, "%s: %s now gives other answers than %s", s.name(), program, s.program)
		r.keys += len(s.file.Rows)
		r.right += right
		if s.file.Header("algorithm") == "redis-cluster" {
			continue // TestRedisCluster compares slots
		}
		lookup := s.placement(t)
		right = 0
		for _, key := range furtherKeys {
			if i, ok := lookup(key); ok && i == owner(s, key) {
				right++
			}
		}
		assert.Equal(t, len(furtherKeys), right, "%s: proxenos and %s disagree on further keys", s.name(), program)
		r.keys += len(furtherKeys)
		r.right += right
	}
	t.Logf("%s: %d set-ups, %d of %d keys right", program, r.setups, r.right, r.keys)
	resultsMu.Lock()
	defer resultsMu.Unlock()
	results = append(results, r)
}

// missing skips a test whose program is not installed, or fails it with
// PROXENOS_REQUIRE_PEERS=1.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("PROXENOS_REQUIRE_PEERS") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// find returns the path of a program of a Debian package.
func find(t *testing.T, program, pkg string) string {
	t.Helper()
	for _, name := range []string{program, "/usr/sbin/" + program} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "%s is not installed: it is in the Debian package %s", program, pkg)
	return ""
}

// version runs a program and returns the word that follows a text in its output.
func version(t *testing.T, after, program string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput() //nolint:gosec // a test's own program
	require.NoError(t, err, "%s", out)
	_, rest, ok := strings.Cut(string(out), after)
	require.True(t, ok, "%s", out)
	return strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune(" \n\t,-)", r) })[0]
}

// TestMain writes the table to the file that AGREE_TABLE names.
func TestMain(m *testing.M) {
	code := m.Run()
	if path := os.Getenv("AGREE_TABLE"); path != "" && code == 0 {
		if err := os.WriteFile(path, []byte(table()), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func table() string {
	slices.SortFunc(results, func(a, b result) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.program), strings.ToLower(b.program)), cmp.Compare(a.test, b.test))
	})
	var b strings.Builder
	b.WriteString(`# Agreement with real programs

"make agree" starts each of these programs, asks it for the owner of every key of its vectors in
` + "`testdata/programs`" + `, and of 200 further keys that proxenos answers, too, and writes this table. A row is made again by

    go -C internal/lab/agree test -run '^TEST$' .

| program that ran | set-ups | keys compared | right | TEST |
|---|---|---|---|---|
`)
	setups, keys, right := 0, 0, 0
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | `%s` |\n", r.program, r.setups, r.keys, r.right, r.test)
		setups, keys, right = setups+r.setups, keys+r.keys, right+r.right
	}
	fmt.Fprintf(&b, "| all | %d | %d | %d | |\n", setups, keys, right)
	b.WriteString(`
Package ring compares libmemcached and nginx with generated configurations: ` + "`TestKetamaAgainstLibmemcached`" + ` and
` + "`TestNginxAgainstNginx`" + `. Neither lua-resty-balancer nor Envoy is run, because no Debian package has them.
`)
	return b.String()
}
