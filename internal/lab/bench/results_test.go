package main

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// twoPasses is the output of two passes.
const twoPasses = `goos: linux
goarch: amd64
cpu: Some CPU
BenchmarkSelect/nodes=10/by=ring-2	100	30 ns/op	0 allocs/op
BenchmarkSelect/nodes=10/by=go-jump-2	100	60 ns/op
BenchmarkSelect/nodes=10/by=stathat  	100	50 ns/op
PASS
goos: linux
goarch: amd64
cpu: Some CPU
BenchmarkSelect/nodes=10/by=ring-2	100	40 ns/op	0 allocs/op
BenchmarkSelect/nodes=10/by=go-jump-2	100	20 ns/op
BenchmarkSelect/nodes=10/by=stathat  	100	60 ns/op
PASS
`

func parsed(t *testing.T, text string) *results {
	t.Helper()
	found, err := parse(strings.NewReader(text))
	require.NoError(t, err)
	return found
}

func TestParse(t *testing.T) {
	found := parsed(t, twoPasses)
	assert.Equal(t, "Some CPU linux amd64", found.CPU+" "+found.Goos+" "+found.Goarch)
	assert.Equal(t, []float64{30, 40}, found.values[cost("Select", 10, "ring")])
	assert.Equal(t, []float64{0, 0}, found.values[value("Select", 10, "ring", "allocs/op")])
	assert.Equal(t, []float64{60, 20}, found.values[cost("Select", 10, "go-jump")], "a hyphen in a name does not begin the number of processors")
	assert.Equal(t, []float64{50, 60}, found.values[cost("Select", 10, "stathat")], "names do not end in the number of processors if it is 1")
}

func TestSummary(t *testing.T) {
	found := parsed(t, twoPasses)
	for _, c := range []struct {
		name string
		quantity
		want summary
	}{
		{"a metric", cost("Select", 10, "ring").alone(), summary{35, 30, 40}},
		{"a ratio, pass by pass", cost("Select", 10, "ring").over("go-jump"), summary{1.25, 0.5, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := found.summary(c.quantity)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	assert.Equal(t, summary{3, 1, 9}, summarize([]float64{9, 1, 3}))
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no output", "", "no benchmarks ran"},
		{"a failure", "--- FAIL: BenchmarkX\nFAIL\n", "no benchmarks ran"},
		{"another name", "BenchmarkX-2 1 2 ns/op\n", `benchmark "X-2" is not named NAME/nodes=N/by=SYSTEM`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(strings.NewReader(c.text))
			assert.EqualError(t, err, c.want)
		})
	}
	_, err := parsed(t, twoPasses).summary(cost("Select", 10, "absent").alone())
	assert.EqualError(t, err, "no measurement of ns/op of Select by absent with 10 nodes")
	_, err = parsed(t, twoPasses).summary(cost("Select", 10, "ring").over("absent"))
	assert.EqualError(t, err, "2 measurements of ns/op of Select by ring with 10 nodes, but 0 of ns/op of Select by absent with 10 nodes")
}

func TestBounds(t *testing.T) {
	for _, c := range []struct {
		bounds bounds
		text   string
		avx512 bool
		value  float64
		hold   bool
	}{
		{atMost(0.5), "at most 0.5", false, 0.5, true},
		{atMost(0.5), "at most 0.5", true, 0.51, false},
		{atMost(0.5).withAVX512(0.2), "at most 0.5", false, 0.4, true},
		{atMost(0.5).withAVX512(0.2), "at most 0.2", true, 0.4, false},
		{atMost(0), "at most 0", true, 1, false},
		{atLeast(1.85), "at least 1.85", false, 1.85, true},
		{atLeast(1.85), "at least 1.85", false, 1.8, false},
		{bounds{least: 0.6, most: 1.5}, "0.6 to 1.5", false, 0.5, false},
		{bounds{least: 0.6, most: 1.5}, "0.6 to 1.5", false, 1.6, false},
		{bounds{least: 0.6, most: 1.5}, "0.6 to 1.5", false, 1, true},
		{atMost(1), "at most 1", false, math.NaN(), false},
	} {
		on := c.bounds.on(c.avx512)
		assert.Equal(t, c.text, on.String())
		assert.Equal(t, c.hold, on.hold(c.value), "%v: %v", on, c.value)
	}
}

func TestEvaluate(t *testing.T) {
	found := parsed(t, twoPasses)
	kept := target{Work: "ring", quantity: cost("Select", 10, "ring").over("go-jump"), bounds: atMost(1.25)}
	v, err := kept.evaluate(found, false)
	require.NoError(t, err)
	assert.True(t, v.Met)

	broken := target{Work: "ring", quantity: kept.quantity, bounds: atMost(1.24)}
	v, err = broken.evaluate(found, false)
	require.NoError(t, err)
	assert.False(t, v.Met)

	_, err = target{Work: "ring", quantity: cost("Build", 10, "ring").alone()}.evaluate(found, false)
	assert.EqualError(t, err, "ring: no measurement of ns/op of Build by ring with 10 nodes")
}

// grown has results of two systems that cross between 100 and 1000 nodes.
const grown = `BenchmarkSelect/nodes=10/by=rendezvous-2	1	20 ns/op
BenchmarkSelect/nodes=10/by=ring-2	1	80 ns/op
BenchmarkSelect/nodes=10/by=table-2	1	10 ns/op
BenchmarkSelect/nodes=100/by=rendezvous-2	1	40 ns/op
BenchmarkSelect/nodes=100/by=ring-2	1	80 ns/op
BenchmarkSelect/nodes=1000/by=rendezvous-2	1	160 ns/op
BenchmarkSelect/nodes=1000/by=ring-2	1	80 ns/op
`

func TestCrossings(t *testing.T) {
	assert.Equal(t, []crossing{
		{Slow: "rendezvous", Fast: "table", Always: true},
		{Slow: "rendezvous", Fast: "ring", Nodes: 316}, // the middle on a logarithmic scale
		{Slow: "ring", Fast: "table", Always: true},
	}, parsed(t, grown).crossings())
	assert.Equal(t, "The ring is faster than rendezvous from about 316 nodes on.", parsed(t, grown).crossings()[1].String())
	assert.Equal(t, "The table is faster than the ring for any number of nodes.", parsed(t, grown).crossings()[2].String())
	_, crosses := parsed(t, grown).crossing("ring", "rendezvous")
	assert.False(t, crosses, "rendezvous is slower at the largest size")
}

func TestFigures(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 0.0123456: "0.0123", 1.0219: "1.02", 12: "12", 1234.5: "1230", 4834000: "4830000", math.Inf(1): "+Inf"} {
		assert.Equal(t, want, figures(x))
	}
}

func TestTable(t *testing.T) {
	assert.Equal(t, `| nodes | rendezvous | table | ring |
|---:|---:|---:|---:|
| 10 | 20 | 10 | 80 |
| 100 | 40 | | 80 |
| 1000 | 160 | | 80 |
`, report{found: parsed(t, grown)}.Table("Select", "ns/op", 1))
}
