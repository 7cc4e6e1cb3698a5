package rendezvous_test

import (
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
	"github.com/proxenos/proxenos/internal/testkit/vectors"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// Endpoint is a service instance with an address.
type Endpoint struct{ Address string }

// ID returns the address, which the Python program hashes.
func (e Endpoint) ID() string { return e.Address }

func ExamplePythonProxenos() {
	instances := []Endpoint{{"192.168.100.103:8000"}, {"192.168.100.104:8000"}, {"192.168.100.105:8000"}}
	set, err := rendezvous.New(instances, rendezvous.Config[Endpoint]{
		ID:     Endpoint.ID,
		Scorer: rendezvous.PythonProxenos(rendezvous.PythonOptions{}),
	})
	if err != nil {
		panic(err)
	}
	owner, _ := set.Select("secret")
	fmt.Println(owner.Address)
	// Output:
	// 192.168.100.104:8000
}

func ExamplePythonProxenos_name() {
	_, err := rendezvous.New([]Endpoint{{"db1.example.com:8000"}}, rendezvous.Config[Endpoint]{
		ID:     Endpoint.ID,
		Scorer: rendezvous.PythonProxenos(rendezvous.PythonOptions{Method: "md5"}),
	})
	fmt.Println(err)
	// Output:
	// node "db1.example.com:8000": host "db1.example.com" is not an IP address without a zone; names are not resolved
}

func pythonSet(t *testing.T, opts rendezvous.PythonOptions, ids ...string) *rendezvous.Set[string] {
	t.Helper()
	set, err := rendezvous.New(ids, rendezvous.Config[string]{
		ID:     func(id string) string { return id },
		Scorer: rendezvous.PythonProxenos(opts),
	})
	require.NoError(t, err)
	return set
}

// tenNodes are the nodes of the original's test suite.
func tenNodes() (ids []string) {
	for i := range 10 {
		ids = append(ids, fmt.Sprintf("192.168.100.%d:8000", 100+i))
	}
	return ids
}

// TestPythonPublished has the expectations of the original's test suite.
func TestPythonPublished(t *testing.T) {
	t.Parallel()
	set := pythonSet(t, rendezvous.PythonOptions{}, tenNodes()...)
	for key, want := range map[string]string{
		"secret":          "192.168.100.104:8000",
		"touché":          "192.168.100.109:8000",
		"moist towelette": "192.168.100.106:8000",
	} {
		got, ok := set.Select(key)
		assert.True(t, ok)
		assert.Equal(t, want, got, key)
	}
	without := slices.DeleteFunc(tenNodes(), func(id string) bool { return id == "192.168.100.104:8000" })
	got, ok := pythonSet(t, rendezvous.PythonOptions{}, without...).Select("secret")
	assert.True(t, ok)
	assert.Equal(t, "192.168.100.109:8000", got)
}

// pythonOptions returns the options in the header of a file, except the method.
func pythonOptions(t *testing.T, f *vectors.File) (opts rendezvous.PythonOptions) {
	t.Helper()
	if text, ok := f.Lookup("seed"); ok {
		seed, err := strconv.ParseInt(text, 10, 32)
		require.NoError(t, err, f.Path)
		opts.Seed = int32(seed)
	}
	if text, ok := f.Lookup("secret"); ok {
		key, err := hex.DecodeString(text)
		require.NoError(t, err, f.Path)
		opts.Key = (*[16]byte)(key)
	}
	text, _ := f.Lookup("optimize")
	opts.X86 = text == "x86"
	return opts
}

// TestPythonWeights compares every weight, for every method, address and key.
func TestPythonWeights(t *testing.T) {
	t.Parallel()
	methods := 0
	vectors.Run(t, "proxenos/weights-*.txt", func(t *testing.T, f *vectors.File) {
		methods++
		opts := pythonOptions(t, f)
		opts.Method = f.Header("method")
		var ids []string
		for _, row := range f.Rows {
			if id := net.JoinHostPort(row.Text("host"), row.Text("port")); !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		score, err := rendezvous.PythonProxenos(opts)(ids)
		require.NoError(t, err)
		scores := make([]uint64, len(ids))
		for _, row := range f.Rows {
			score(scores, string(row.Hex("key_hex")))
			node := slices.Index(ids, net.JoinHostPort(row.Text("host"), row.Text("port")))
			assert.Equal(t, row.Uint64("weight")<<1, scores[node], row)
		}
	})
	assert.Equal(t, len(prf.Names()), methods, "every method has golden weights")
}

// TestPythonSelections compares the selected nodes, for every cluster and method.
func TestPythonSelections(t *testing.T) {
	t.Parallel()
	vectors.Run(t, "proxenos/select-*.txt", func(t *testing.T, f *vectors.File) {
		var ids []string
		for _, node := range f.Fields("node", 2) {
			ids = append(ids, net.JoinHostPort(node[0], node[1]))
		}
		opts := pythonOptions(t, f)
		for _, opts.Method = range prf.Names() {
			set := pythonSet(t, opts, ids...)
			for i, row := range f.Rows {
				if testing.Short() && i%4 != 0 { // an emulator takes half a minute for all
					continue
				}
				got, ok := set.Select(row.Text("key"))
				assert.True(t, ok)
				assert.Equal(t, ids[row.Int(opts.Method)], got, "%s, %s", row, opts.Method)
			}
		}
	})
}

func TestPythonOptionsChangeScores(t *testing.T) {
	t.Parallel()
	key := [16]byte{15: 1}
	scores := map[uint64]string{}
	for name, opts := range map[string]rendezvous.PythonOptions{
		"default":      {},
		"key":          {Options: prf.Options{Key: &key}},
		"murmur":       {Method: "mmh_128"},
		"murmur, seed": {Method: "MMH3_128", Options: prf.Options{Seed: -1}},
		"murmur, x86":  {Method: "mmh3_128", Options: prf.Options{X86: true}},
	} {
		for _, score := range pythonSet(t, opts, "10.0.0.1:80").Scores("key") {
			assert.Empty(t, scores[score.Raw], "%s has scores of its own", name)
			scores[score.Raw] = name
		}
	}
	assert.Len(t, scores, 5)
}

func TestPythonRefuses(t *testing.T) {
	t.Parallel()
	scorer := rendezvous.PythonProxenos(rendezvous.PythonOptions{Method: "crc32"})
	_, err := scorer(tenNodes())
	assert.ErrorContains(t, err, `unknown hash method "crc32": use one of md5, sha1`)

	_, err = rendezvous.New([]string{"10.0.0.1:80", "db1:80"}, rendezvous.Config[string]{
		ID:     func(id string) string { return id },
		Scorer: rendezvous.PythonProxenos(rendezvous.PythonOptions{}),
	})
	var refused *rendezvous.NodeError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "db1:80", refused.ID)
}

// TestPythonAnyNumberOfNodes checks that the score of a node does not depend on
// the other nodes.
func TestPythonAnyNumberOfNodes(t *testing.T) {
	t.Parallel()
	alone := func(id string) uint64 {
		score, err := rendezvous.PythonProxenos(rendezvous.PythonOptions{})([]string{id})
		require.NoError(t, err)
		var scores [1]uint64
		score(scores[:], "key")
		return scores[0]
	}
	ids := tenNodes()
	for n := range len(ids) + 1 {
		score, err := rendezvous.PythonProxenos(rendezvous.PythonOptions{})(ids[:n])
		require.NoError(t, err)
		scores := make([]uint64, n)
		score(scores, "key")
		for i, got := range scores {
			assert.Equal(t, alone(ids[i]), got, "%d nodes, node %d", n, i)
		}
	}
}

func TestPythonDoesNotAllocate(t *testing.T) {
	for _, method := range prf.Names() {
		score, err := rendezvous.PythonProxenos(rendezvous.PythonOptions{Method: method})(tenNodes())
		require.NoError(t, err)
		scores, key := make([]uint64, 10), strings.Repeat("k", 100)
		alloctest.None(t, func() { score(scores, key) })
	}
}

func TestPythonManyGoroutines(t *testing.T) {
	t.Parallel()
	set := pythonSet(t, rendezvous.PythonOptions{}, tenNodes()...)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				got, _ := set.Select("secret")
				assert.Equal(t, "192.168.100.104:8000", got)
			}
		})
	}
	wg.Wait()
}

func BenchmarkPythonProxenos(b *testing.B) {
	for _, n := range []int{10, 100} {
		var ids []string
		for i := range n {
			ids = append(ids, fmt.Sprintf("10.0.%d.%d:8000", i/250, i%250))
		}
		score, err := rendezvous.PythonProxenos(rendezvous.PythonOptions{})(ids)
		require.NoError(b, err)
		b.Run(fmt.Sprintf("N=%d", n), func(b *testing.B) {
			scores, key := make([]uint64, n), make([]byte, 0, 20)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				key = strconv.AppendInt(key[:0], int64(i), 10)
				score(scores, string(key))
			}
		})
	}
}
