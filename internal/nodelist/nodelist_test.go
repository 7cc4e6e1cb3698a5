package nodelist

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The formats themselves are tested in mapper/static, which exports them.

func many(n int) []Node {
	nodes := make([]Node, n)
	for i := range nodes {
		nodes[i] = Node{
			Name: fmt.Sprintf("node-%d/service-%d", i, i), Addr: fmt.Sprintf("10.0.%d.%d:8080", i/250, i%250), Weight: 1, Zone: "zone-a",
			Tags: []string{"blue", "canary"}, Meta: map[string]string{"consul:node": fmt.Sprint("node-", i), "consul:service": "web", "consul:status": "passing"},
		}
	}
	return nodes
}

// TestWhatIsWrittenIsReadBack has lists beyond 1 MiB too.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	saved := time.Date(2026, 2, 3, 4, 5, 6, 789, time.UTC)
	for _, n := range []int{0, 1, 10_000} {
		d := Document{Nodes: many(n), Saved: saved}
		var text, json bytes.Buffer
		require.NoError(t, WriteText(&text, d.Nodes))
		require.NoError(t, WriteJSON(&json, d))
		if n == 10_000 {
			require.Greater(t, json.Len(), 1<<20)
		}
		back, err := ParseJSON(json.Bytes(), "n.json")
		require.NoError(t, err)
		require.True(t, back.Saved.Equal(saved))
		require.Len(t, back.Nodes, n)
		fromText, err := ParseText(text.Bytes(), "n.txt")
		require.NoError(t, err)
		require.Len(t, fromText, n)
		for i, want := range d.Nodes {
			require.True(t, want.equal(back.Nodes[i]), "%v", back.Nodes[i])
			require.True(t, want.equal(fromText[i]), "%v", fromText[i])
		}
	}
}

func TestWriteRejectsWhatReadingWould(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	bad := []Node{{Name: "a"}, {Name: "b", Addr: "h:0"}}
	for _, err := range []error{WriteText(&out, bad), WriteJSON(&out, Document{Nodes: bad})} {
		require.EqualError(t, err, `node 2: address "h:0": port "0" must be a number from 1 to 65535`)
	}
	require.Zero(t, out.Len(), "nothing is written")
}

func TestSocketAddresses(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"unix:/run/web.sock": "",
		"/run/web.sock":      "",
		"unix:run/web.sock":  "want an absolute path after unix:, as in unix:/run/web.sock",
		"unix:":              "want an absolute path",
		"unix:80":            "want an absolute path",
		"unix:/run/a b.sock": "it holds a blank",
	} {
		node, err := ParseFlag("web=" + addr + ",w=2")
		if want == "" {
			require.NoError(t, err, addr)
			require.Equal(t, Node{Name: "web", Addr: addr, Weight: 2}, node)
		} else {
			require.ErrorContains(t, err, want, addr)
		}
	}
}

// TestAFieldOfTheObjectGivenTwice has the rule that a later field would replace
// an earlier one in silence.
func TestAFieldOfTheObjectGivenTwice(t *testing.T) {
	t.Parallel()
	for field, list := range map[string]string{
		"nodes":  `{"nodes": ["a"], "nodes": ["b"]}`,
		"schema": `{"schema": "proxenos.nodes/v1", "schema": "proxenos.nodes/v1", "nodes": []}`,
		"saved":  `{"saved": "2026-01-01T00:00:00Z", "nodes": [], "saved": "2026-01-01T00:00:00Z"}`,
	} {
		_, err := ParseJSON([]byte(list), "n.json")
		require.ErrorContains(t, err, fmt.Sprintf("field %q is given twice", field))

		v := Value{Kind: KindObject}
		for _, m := range []string{"nodes", "schema", "saved", field} {
			val := map[string]Value{
				"nodes": {Kind: KindList}, "schema": {Kind: KindText, Text: Schema}, "saved": {Kind: KindText, Text: "2026-01-01T00:00:00Z"},
			}[m]
			v.Members = append(v.Members, Member{Key: m, Value: val})
		}
		_, err = FromValue(v)
		require.ErrorContains(t, err, fmt.Sprintf("field %q is given twice", field), "a tree, as YAML makes one")
	}
}

func TestSaved(t *testing.T) {
	t.Parallel()
	d, err := ParseJSON([]byte(`{"saved": "2026-01-01T01:00:00+01:00", "nodes": []}`), "n.json")
	require.NoError(t, err)
	require.True(t, d.Saved.Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
	d, err = ParseJSON([]byte(`["a"]`), "n.json")
	require.NoError(t, err)
	require.Zero(t, d.Saved, "the list does not say")
	for _, bad := range []string{`"yesterday"`, `1`, `null`} {
		_, err = ParseJSON([]byte(`{"nodes": [], "saved": `+bad+`}`), "n.json")
		require.ErrorContains(t, err, "saved", bad)
	}
}

func TestDepth(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	for _, list := range []string{deep, `{"nodes":` + deep + `}`, `{"schema":` + deep + `,"nodes":[]}`} {
		_, err := ParseJSON([]byte(list), "n.json")
		require.Error(t, err)
	}
}

// A list of tags is given once, as any other field. Single tags add up.
func TestTagsAreGivenOnce(t *testing.T) {
	t.Parallel()
	_, err := ParseText([]byte("a tags=x zone=z tags=y\n"), "n.txt")
	require.EqualError(t, err, `n.txt:1:17: "tags" is given twice`)
	_, err = ParseFlag("a,tags=x,tags=y")
	require.ErrorContains(t, err, `"tags" is given twice`)
	nodes, err := ParseText([]byte("a tag=x tags=y,z tag=x\n"), "n.txt")
	require.NoError(t, err)
	require.Equal(t, []string{"x", "y", "z", "x"}, nodes[0].Tags)
}
