package static

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

func TestWriteText(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		node mapper.Node
		want string
	}{
		{"an ID", mapper.Node{Name: "a"}, "a"},
		{"every field", full, `b 10.0.0.2:80 w=2.5 drain zone=z domain=z/r7 tag=x tag="y z" rack=r7`},
		{"tags in one word", mapper.Node{Name: "a", Tags: []string{"x", "y"}}, "a tags=x,y"},
		{"a tag with a comma", mapper.Node{Name: "a", Tags: []string{"x,y", ""}}, `a tag=x,y tag=""`},
		{"sorted metadata", mapper.Node{Name: "a", Meta: map[string]string{"y": "", "x": "1"}}, `a x=1 y=""`},
		{"metadata named as an option", mapper.Node{Name: "a", Meta: map[string]string{"w": "1", "Zone": "2", "id": "3"}}, `a "Zone"=2 "id"=3 "w"=1`},
		{"an address named as an option", mapper.Node{Name: "a", Addr: "drain"}, `a "drain"`},
		{"IPv6", mapper.Node{Name: "[::1]:80"}, "[::1]:80"},
		{"an ID that begins a comment", mapper.Node{Name: "#a"}, `"#a"`},
		{"an ID that looks like YAML", mapper.Node{Name: "-"}, `"-"`},
		{"an ID that looks like a YAML key", mapper.Node{Name: "nodes:"}, `"nodes:"`},
		{"an ID that looks like JSON", mapper.Node{Name: `{"a`}, `"{\"a"`},
		{"an ID with blanks", mapper.Node{Name: " a b"}, `" a b"`},
		{"invisible characters", mapper.Node{Name: "a\u200b"}, `"a\u200b"`},
		{"a weight that is hard to write", mapper.Node{Name: "a", Weight: 0.30000000000000004}, "a w=0.30000000000000004"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, WriteText(&b, []mapper.Node{c.node}))
			require.Equal(t, c.want+"\n", b.String())
			back, err := Parse(b.Bytes(), "")
			require.NoError(t, err)
			require.Equal(t, []mapper.Node{c.node}, back)
		})
	}
}

func TestWriteJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, WriteJSON(&b, []mapper.Node{{Name: "a"}, full}))
	require.Equal(t, `{"schema":"proxenos.nodes/v1","nodes":[
 {"id":"a"},
 {"id":"b","address":"10.0.0.2:80","weight":2.5,"drain":true,"zone":"z","domain":"z/r7","tags":["x","y z"],"meta":{"rack":"r7"}}
]}
`, b.String())
	b.Reset()
	require.NoError(t, WriteJSON(&b, nil))
	back, err := Parse(b.Bytes(), "")
	require.NoError(t, err)
	require.Empty(t, back)
}

// TestWriteRefuses nodes that Parse would reject, and writes nothing then.
func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		nodes []mapper.Node
		want  string
	}{
		{"no ID", []mapper.Node{{Name: "a"}, {}}, "node 2: the ID is empty"},
		{"weight", []mapper.Node{{Name: "a", Weight: math.NaN()}}, `node 1: weight "NaN"`},
		{"control character", []mapper.Node{{Name: "a\n"}}, `node 1: ID "a\n": holds the control character U+000A`},
		{"twice with other data", []mapper.Node{{Name: "a"}, {Name: "a", Zone: "z"}}, `node 2: node "a" was given before with other data (node 1)`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			require.ErrorContains(t, WriteText(&b, c.nodes), c.want)
			require.ErrorContains(t, WriteJSON(&b, c.nodes), c.want)
			require.Zero(t, b.Len())
		})
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestWriteReportsTheWriter(t *testing.T) {
	t.Parallel()
	require.EqualError(t, WriteText(brokenWriter{}, []mapper.Node{{Name: "a"}}), "broken")
	require.EqualError(t, WriteJSON(brokenWriter{}, []mapper.Node{{Name: "a"}}), "broken")
}

// TestRoundTrip writes sets made of awkward pieces and reads them back.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		nodes := awkwardNodes(rng)
		var text, object bytes.Buffer
		require.NoError(t, WriteText(&text, nodes))
		require.NoError(t, WriteJSON(&object, nodes))
		for _, list := range [][]byte{text.Bytes(), object.Bytes()} {
			back, err := Parse(list, "")
			require.NoError(t, err, "%s", list)
			require.True(t, mapper.Equal(nodes, back), "wrote %s\nwant %#v\ngot  %#v", list, nodes, back)
		}
	}
}

var awkward = []string{
	"a", "b", " ", "=", ",", "#", `"`, `\`, "'", "`", "[", "]", "{", "}", ":", "-", "---", "nodes:", "w", "zone", "drain", "tags", "id",
	"é", "北", "😀", "\u00a0", "\u200b", "\ufeff", "\u2028", "\ufffd", "0", "1e5", "null", "true", "*", "&", "!", "|", ">", "%", "@", "~",
}

func awkwardNodes(rng *rand.Rand) []mapper.Node {
	word := func(least int) string {
		var b strings.Builder
		for range least + rng.IntN(4) {
			b.WriteString(awkward[rng.IntN(len(awkward))])
		}
		return b.String()
	}
	var nodes []mapper.Node
	seen := map[string]bool{}
	for range rng.IntN(5) {
		n := mapper.Node{Name: word(1), Drain: rng.IntN(3) == 0, Zone: word(0)}
		if _, err := New([]mapper.Node{n}); err != nil || seen[n.Name] {
			continue
		}
		seen[n.Name] = true
		n.Addr = []string{"", "10.0.0.1:80", "[::1]:65535", "drain", "#h:1", "w=2", "[fe80::1%é]:1"}[rng.IntN(7)]
		n.Weight = []float64{0, 1, 2.5, 1e200, 5e-324, rng.ExpFloat64()}[rng.IntN(6)]
		for range rng.IntN(3) {
			n.Tags = append(n.Tags, word(0))
		}
		for range rng.IntN(3) {
			n.Meta = mergeMeta(n.Meta, word(1), word(0)+[]string{"", "\n", "\x00"}[rng.IntN(3)])
		}
		nodes = append(nodes, n)
	}
	return slices.Clip(nodes)
}

func mergeMeta(m map[string]string, key, value string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}
