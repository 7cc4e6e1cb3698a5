package static

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

var full = mapper.Node{
	Name: "b", Addr: "10.0.0.2:80", Weight: 2.5, Drain: true, Zone: "z", Domain: "z/r7",
	Tags: []string{"x", "y z"}, Meta: map[string]string{"rack": "r7"},
}

func TestParseDocuments(t *testing.T) {
	t.Parallel()
	const wholeJSON = `{"id": "b", "address": "10.0.0.2:80", "weight": 2.5, "drain": true, "zone": "z", "domain": "z/r7", "tags": ["x", "y z"], "meta": {"rack": "r7"}}`
	const wholeYAML = "- id: b\n  address: 10.0.0.2:80\n  weight: 2.5\n  drain: true\n  zone: z\n  domain: z/r7\n  tags: [x, y z]\n  meta:\n    rack: r7\n"
	cases := []struct {
		name, file, list string
		want             []mapper.Node
	}{
		{"JSON: no nodes", "n.json", "[]", nil},
		{"JSON: IDs", "n.json", `["b", "a"]`, []mapper.Node{{Name: "b"}, {Name: "a"}}},
		{"JSON: every field", "n.json", "[" + wholeJSON + "]", []mapper.Node{full}},
		{"JSON: an object around it", "n.json", `{"schema": "proxenos.nodes/v1", "saved": "2026-01-01T00:00:00Z", "nodes": ["a"]}`, []mapper.Node{{Name: "a"}}},
		{"JSON: short spellings", "n.json", `[{"id": "a", "addr": "h:1", "w": 3}]`, []mapper.Node{{Name: "a", Addr: "h:1", Weight: 3}}},
		{"JSON: null is as good as nothing", "n.json", `[{"id": "a", "zone": null, "weight": null, "tags": null, "meta": null}]`, []mapper.Node{{Name: "a"}}},
		{"JSON: a weight of 0 drains", "n.json", `[{"id": "a", "weight": 0}]`, []mapper.Node{{Name: "a", Drain: true}}},
		{"JSON: escapes", "n.json", `["touch\u00e9 \ud83d\ude00"]`, []mapper.Node{{Name: "touché 😀"}}},
		{"JSON: by content", "", "\n  [ {\"id\": \"a\"} ]", []mapper.Node{{Name: "a"}}},
		{"JSON: an object by content", "stdin", `{"nodes": []}`, nil},
		{"JSON: a suffix in capitals", "N.JSON", `[]`, nil},

		{"YAML: nothing", "n.yaml", "", nil},
		{"YAML: a comment", "n.yaml", "# none\n", nil},
		{"YAML: an empty document", "n.yaml", "---\n", nil},
		{"YAML: IDs", "n.yml", "- b\n- a\n", []mapper.Node{{Name: "b"}, {Name: "a"}}},
		{"YAML: every field", "n.yaml", wholeYAML, []mapper.Node{full}},
		{"YAML: an object around it", "n.yaml", "nodes:\n" + wholeYAML, []mapper.Node{full}},
		{"YAML: no nodes", "n.yaml", "nodes:\n", nil},
		{"YAML: scalars as typed", "n.yaml", "- 010\n- id: 0x1F\n  zone: no\n  tags: [1.0, true]\n  meta: {on: 1_000}\n", []mapper.Node{
			{Name: "010"}, {Name: "0x1F", Zone: "no", Tags: []string{"1.0", "true"}, Meta: map[string]string{"on": "1_000"}}}},
		{"YAML: an address is no mapping", "n.yaml", "- 10.0.0.1:80\n", []mapper.Node{{Name: "10.0.0.1:80"}}},
		{"YAML: a date is an ID", "n.yaml", "- 2026-01-01\n", []mapper.Node{{Name: "2026-01-01"}}},
		{"YAML: null is as good as nothing", "n.yaml", "- id: a\n  zone:\n  weight: ~\n", []mapper.Node{{Name: "a"}}},
		{"YAML: an anchor alone does no harm", "n.yaml", "- &x a\n", []mapper.Node{{Name: "a"}}},
		{"YAML: by content", "stdin", "# nodes\n- a\n", []mapper.Node{{Name: "a"}}},
		{"YAML: by its marker", "stdin", "---\n- a\n", []mapper.Node{{Name: "a"}}},
		{"YAML: by its key", "stdin", "nodes:\n  - a\n", []mapper.Node{{Name: "a"}}},
		{"YAML: flow style under its name", "n.yaml", "[a, {id: b}]", []mapper.Node{{Name: "a"}, {Name: "b"}}},
		{"text: any other name", "n.conf", "a w=2\n", []mapper.Node{{Name: "a", Weight: 2}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse([]byte(c.list), c.file)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestParseJSONErrors(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, list, want string }{
		{"nothing", "", "n.json:1:1: no JSON in it: a list without nodes is []"},
		{"cut short", "[\n  {\"id\": \"a\"},\n", "n.json:2:15: not JSON: unexpected end of JSON input"},
		{"syntax", "[\n  \"a\"\n  \"b\"\n]", `n.json:3:3: not JSON: invalid character '"' after array element`},
		{"text after it", "[]\n[]", "n.json:2:1: not JSON: invalid character '[' after top-level value"},
		{"a comment", "[] // x", "n.json:1:4: not JSON: invalid character '/'"},
		{"neither list nor object", `"a"`, `n.json:1:1: the nodes: want a list, not "a" (text)`},
		{"null", `null`, `n.json:1:1: the nodes: want a list, not null`},
		{"no nodes", "{}", `n.json:1:1: the object has no "nodes"`},
		{"nodes not a list", `{"nodes": {}}`, `n.json:1:11: the nodes: want a list, not an object`},
		{"unknown field", "[\n {\"id\": \"a\",\n  \"wieght\": 2}]", `n.json:3:3: field "wieght": want id, address, weight, zone, domain, drain, tags or meta`},
		{"unknown field above", `{"node": []}`, `n.json:1:2: field "node": want nodes`},
		{"schema", `{"schema": "x/v9", "nodes": []}`, `n.json:1:12: schema "x/v9": want "proxenos.nodes/v1"`},
		{"capitals", `[{"ID": "a"}]`, `n.json:1:3: field "ID": want id`},
		{"field twice", `[{"id": "a", "id": "b"}]`, `n.json:1:14: field "id" is given twice`},
		{"field twice by two spellings", `[{"id": "a", "w": 1, "weight": 1}]`, `n.json:1:22: field "weight" is given twice`},
		{"metadata twice", `[{"id": "a", "meta": {"k": "1", "k": "2"}}]`, `n.json:1:33: metadata "k" is given twice`},
		{"ID not text", `[{"id": 10}]`, `n.json:1:9: id: want text, not "10" (a number)`},
		{"node not an object", `["a", 1]`, `n.json:1:7: a node: want an ID or an object, not "1" (a number)`},
		{"weight not a number", `[{"id": "a", "weight": "2"}]`, `n.json:1:24: weight: want a number, not "2" (text)`},
		{"negative weight", `[{"id": "a", "weight": -2}]`, `n.json:1:24: weight "-2": must be a number from 0 to 1e+200`},
		{"overflow", `[{"id": "a", "weight": 1e999}]`, `n.json:1:24: weight "1e999": must be`},
		{"drain not a bool", `[{"id": "a", "drain": 1}]`, `n.json:1:23: drain: want true or false, not "1" (a number)`},
		{"tags not a list", `[{"id": "a", "tags": "x"}]`, `n.json:1:22: tags: want a list of texts, not "x" (text)`},
		{"tag not text", `[{"id": "a", "tags": ["x", 1]}]`, `n.json:1:28: tags: want text, not "1" (a number)`},
		{"metadata not an object", `[{"id": "a", "meta": []}]`, `n.json:1:22: meta: want an object, not a list`},
		{"metadata not text", `[{"id": "a", "meta": {"k": 1}}]`, `n.json:1:28: metadata "k": want text, not "1" (a number)`},
		{"empty key", `[{"id": "a", "meta": {"": "1"}}]`, `n.json:1:23: the key before the "=" is empty`},
		{"no ID", "[\n{\"zone\": \"z\"}]", `n.json:2:1: the ID is empty: every node needs one`},
		{"empty ID", `[""]`, `n.json:1:2: the ID is empty`},
		{"control character", `["a\u0000"]`, `n.json:1:2: ID "a\x00": holds the control character U+0000`},
		{"bad port", `[{"id": "a", "address": "h:99999"}]`, `n.json:1:2: address "h:99999": port "99999" must be`},
		{"twice with other data", "[\"a\",\n {\"id\": \"a\", \"zone\": \"z\"}]", `n.json:2:2: node "a" was given before with other data (n.json:1:2)`},
		{"nesting", strings.Repeat("[", 100) + strings.Repeat("]", 100), "n.json:1:10: nested too deep for a list of nodes"},
		{"absurd nesting", strings.Repeat("[", MaxSize), "n.json:1:10001: not JSON: invalid character '[' exceeded max depth"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { refused(t, "n.json", c.list, c.want) })
	}
}

func TestParseYAMLErrors(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, list, want string }{
		{"syntax", "- a\n- [b\n", "n.yaml:2: not YAML: did not find expected ',' or ']'"},
		{"tab", "nodes:\n\t- a\n", "n.yaml:2: not YAML: found character that cannot start any token"},
		{"syntax far below", "- a\n- b\n- c\n- d\n -e: [f\n", "n.yaml:5: not YAML: "},
		{"syntax that ends too soon", "[a, b\n", "n.yaml:2: not YAML: did not find expected"},
		{"open quotation", "- a\n- \"b\n- c\n", "n.yaml:2: not YAML: found unexpected end of stream"},
		{"a code point that is no character", "- a\n- b\ufffe\n", "n.yaml: not YAML: control characters are not allowed"},
		{"two documents", "- a\n---\n- b\n", "n.yaml:2:1: a second document: a list is one"},
		{"neither list nor object", "a\n", `n.yaml:1:1: the nodes: want a list, not "a" (text)`},
		{"unknown field", "- id: a\n  wieght: 2\n", `n.yaml:2:3: field "wieght": want id, address`},
		{"unknown field above", "nodes: []\nother: 1\n", `n.yaml:2:1: field "other": want nodes`},
		{"field twice", "- id: a\n  id: b\n", `n.yaml:2:3: field "id" is given twice`},
		{"weight not a number", "- id: a\n  weight: heavy\n", `n.yaml:2:11: weight: want a number, not "heavy" (text)`},
		{"NaN", "- id: a\n  weight: .nan\n", `n.yaml:2:11: weight ".nan": must be a number from 0 to 1e+200`},
		{"negative weight", "- id: a\n  weight: -1\n", `n.yaml:2:11: weight "-1": must be`},
		{"drain not a bool", "- id: a\n  drain: yes\n", `n.yaml:2:10: drain: want true or false, not "yes" (text)`},
		{"no ID", "- zone: z\n", `n.yaml:1:3: the ID is empty`},
		{"null as a node", "- ~\n", `n.yaml:1:3: a node: want an ID or an object, not "~" (null)`},
		{"alias", "- &x a\n- *x\n", "n.yaml:2:3: alias *x: aliases are not supported, write the value out"},
		{"merge key", "- &x {id: a}\n- <<: *x\n", "n.yaml:2:7: alias *x: aliases are not supported"},
		{"tag", "- !!binary YQ==\n", `n.yaml:1:3: tag "!!binary": tags are not supported, remove it`},
		{"a list as a key", "- [a]: b\n", "n.yaml:1:3: a field's name: want text, not a list"},
		{"control character", `- "a\0"`, `n.yaml:1:3: ID "a\x00": holds the control character U+0000`},
		{"twice with other data", "- a\n- {id: a, zone: z}\n", `n.yaml:2:3: node "a" was given before with other data (n.yaml:1:3)`},
		{"nesting", strings.Repeat("[", 100) + strings.Repeat("]", 100), "n.yaml:1:10: nested too deep for a list of nodes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { refused(t, "n.yaml", c.list, c.want) })
	}
}

func refused(t *testing.T, file, list, want string) {
	t.Helper()
	nodes, err := Parse([]byte(list), file)
	require.ErrorContains(t, err, want)
	require.Empty(t, nodes)
	require.NotContains(t, err.Error(), "\n", "an error is one line")
	var place *Error
	require.ErrorAs(t, err, &place)
}

// TestHostileDocumentsEndFast has input that makes naive parsers work or
// allocate out of proportion.
func TestHostileDocumentsEndFast(t *testing.T) {
	t.Parallel()
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := range 30 {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), ", "))
	}
	const limit = 5 * time.Minute // on a busy machine under the race detector; what works out of proportion takes hours
	cases := []struct {
		name, file, list string
	}{
		{"alias bomb", "n.yaml", bomb},
		{"nested flow lists", "n.yaml", strings.Repeat("[", MaxYAMLSize)},
		{"nested block lists", "n.yaml", strings.Repeat("- ", MaxYAMLSize/2)},
		{"nested flow mappings", "n.yaml", strings.Repeat("{a: ", MaxYAMLSize/4)},
		{"one line of JSON", "n.json", "[" + strings.Repeat("1,", MaxSize/16) + "1]"},
		{"one long JSON text", "n.json", `["` + strings.Repeat("a", MaxSize/8) + `" 1]`},
		{"one long word", "n.txt", strings.Repeat("a", MaxSize-4) + "=b"},
		{"one long quotation", "n.txt", `"` + strings.Repeat("a", MaxSize-1)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			_, err := Parse([]byte(c.list), c.file)
			require.Error(t, err)
			require.Less(t, time.Since(start), limit)
			require.Less(t, len(err.Error()), 400)
		})
	}
}
